#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// What of a query no curve of the answer had: a layer that no model is deep enough for, a metric that was not measured.
class UnansweredNames {
 public:
  explicit UnansweredNames(const v1::QueryCurvesRequest& query);

  void Note(const v1::Curve& curve);

  // "metric mmr, layer 9"; "" where everything had a curve.
  std::string Text() const;

 private:
  std::set<std::string> metrics_, sites_;
  std::set<std::uint32_t> layers_;
};

}  // namespace ofsweep
