#pragma once

#include <ostream>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

enum class CurveFormat { kCsv, kJson };

// Writes curves as they arrive, so that a sweep of any size needs the memory of one message.
//   csv   trial_id,step,metric,layer,site,value: the columns of the SQL view `curves`; layer and site empty where they
//   are NULL there json  an array of {trial_id, metric, layer, site, steps, values}
class CurveWriter {
 public:
  CurveWriter(CurveFormat format, std::ostream& out);

  void Write(const v1::Curve& curve);

  // Closes the document; call once, after the last curve.
  void Finish();

 private:
  void WriteJson(const v1::Curve& curve);

  const CurveFormat format_;
  std::ostream& out_;
  bool first_ = true;
};

}  // namespace ofsweep
