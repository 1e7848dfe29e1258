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

// Trials that agree in some keys, in the order of their first ones; without keys each is a group of its own.
struct CurveGroup {
  std::string keys_json;  // those keys of the trials' arm, and their seed
  std::vector<const CurveTrial*> trials;
};
std::vector<CurveGroup> GroupTrials(const std::vector<CurveTrial>& trials, const std::vector<std::string>& keys);

// One trial's curves of these series between the query's steps, in their order, without the empty ones: sealed and
// recent points joined in one snapshot.
std::vector<Curve> ReadCurves(DatabaseConnection& connection, const CurveTrial& trial,
                              const std::vector<CurveSeries>& series, const CurveQuery& query);

// Contract of Store::ListSeries.
absl::StatusOr<std::vector<Series>> ListSeries(DatabaseConnection& connection, const std::string& sweep);

// Contract of Store::ListMetric.
absl::StatusOr<std::map<std::string, double>> ListMetric(DatabaseConnection& connection, const std::string& sweep,
                                                         const MetricColumn& column);

}  // namespace ofsweep
