#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <unordered_map>

#include "storage/database_connection.h"
#include "storage/result_columns.h"

namespace ofsweep {

// A row of the table trial_results.
struct TrialResults {
  std::int64_t id = 0;  // trials.id
  std::int64_t sealed_through = -1;
  std::int64_t recent_steps = 0;  // measured since the last seal was asked for
  std::uint64_t generation = 0;   // of the attempt that began last
  ResultColumns results;
  // What follows from these is stored for readers, as it was when the row was written.
  std::int64_t steps = 0;
  double kurtosis_mean = std::numeric_limits<double>::quiet_NaN();
};

// The columns behind `trial`, to select or to insert. A SELECT begins with the trial's id and these, and may go on
// behind kTrialResultColumns.
std::string TrialResultNames();
inline constexpr int kTrialResultColumns = 15 + 2 * static_cast<int>(kLastValueCount);
TrialResults ReadTrialResults(const Query& row);
// In that order.
void BindTrialResults(const TrialResults& trial, Query& query);

// What the points of a series are for.
struct SeriesUse {
  ResultRole role;
  bool is_tokens = false;  // of which each measured step has a point
};
std::unordered_map<std::int64_t, SeriesUse> ListSeriesUses(DatabaseConnection& connection);

// Gives `results` all points of a trial that lie in `table`. `visit` is called for each; of a series that is not there
// too, which gives nothing.
void ObservePoints(DatabaseConnection& connection, const char* table, std::int64_t trial,
                   const std::unordered_map<std::int64_t, SeriesUse>& uses, ResultColumns& results,
                   const std::function<void(std::int64_t step, SeriesUse use)>& visit);

}  // namespace ofsweep
