#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/database_connection.h"
#include "storage/store.h"

namespace ofsweep {

// A trial whose curves are wanted.
struct CurveTrial {
  std::int64_t id = 0;
  std::string trial_id;
  std::int64_t seed = 0;
  std::string arm_keys_json = "{}";
};

// The trials of `query` in the sweep's order; without a sweep, the known ones of trial_ids as they are listed.
absl::StatusOr<std::vector<CurveTrial>> FindCurveTrials(DatabaseConnection& connection, const CurveQuery& query);

// The series of `query` that exist, ordered by metric, layer, site.
struct CurveSeries {
  std::int64_t id = 0;
  Series series;
};
std::vector<CurveSeries> FindCurveSeries(DatabaseConnection& connection, const CurveQuery& query);

// One trial's curves of these series, in their order, without the empty ones: sealed and recent points joined in one
// snapshot.
std::vector<Curve> ReadCurves(DatabaseConnection& connection, const CurveTrial& trial,
                              const std::vector<CurveSeries>& series);

// Contract of Store::ListMetric.
absl::StatusOr<std::map<std::string, double>> ListMetric(DatabaseConnection& connection, const std::string& sweep,
                                                         const MetricColumn& column);

}  // namespace ofsweep
