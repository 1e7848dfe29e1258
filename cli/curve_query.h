#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// Which curves `ofsweep curves` is asked for.
struct CurveQueryNames {
  std::vector<std::string> metrics;
  std::vector<std::string> sites;     // empty: all
  std::vector<std::uint32_t> layers;  // empty: all
};

// InvalidArgument names every metric and site that there is not, with the nearest one or how to write it, and every
// site at which none of the metrics is measured.
absl::Status CheckCurveQuery(const CurveQueryNames& query);

// What of a query no curve of the answer had: a layer that no model is deep enough for, a metric that was not measured.
class UnansweredNames {
 public:
  explicit UnansweredNames(const CurveQueryNames& query);

  void Note(const v1::Curve& curve);

  // "metric mmr, layer 9"; "" where everything had a curve.
  std::string Text() const;

 private:
  std::set<std::string> metrics_, sites_;
  std::set<std::uint32_t> layers_;
};

}  // namespace ofsweep
