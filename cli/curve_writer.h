#pragma once

#include <ostream>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

enum class CurveFormat { kCsv, kJson };

// Writes curves as they arrive, so that a sweep of any size needs the memory of one message.
//   csv   the columns of the SQL view `curves`, layer and site empty where they are NULL there; then each key that the
//         sweep varies (those of the first curve, which every other has too), and the seed
//   json  an array of {trial_id, arm, seed, metric, layer, site, steps, values}, `arm` with the keys and their values
class CurveWriter {
 public:
  CurveWriter(CurveFormat format, std::ostream& out);

  void Write(const v1::Curve& curve);

  // Closes the document; call once, after the last curve.
  void Finish();

 private:
  void WriteCsv(const v1::Curve& curve);
  void WriteJson(const v1::Curve& curve);

  const CurveFormat format_;
  std::ostream& out_;
  bool first_ = true;
};

}  // namespace ofsweep
