// What `ofsweep plan` says that a sweep takes in the database, measured on one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "experiment/stored_points.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

std::string Id(int trial) {
  return absl::StrCat("trial", trial);
}

// Sealed and folded into the file, after so many trials of so many measured steps of 36 series.
double FileBytes(int trials, int steps) {
  const TemporaryFolder folder;
  const std::string path = folder.File("ofsweep.db");
  {
    const auto store = OpenStore(path);
    std::vector<TrialRow> rows;
    for (int i = 0; i < trials; ++i) {
      rows.push_back(MakeNamedTrial(i));
      rows.back().trial_id = Id(i);
    }
    InsertTrials(*store, "s", rows);
    std::vector<MetricPoint> points;
    for (int series = 0; series < 34; ++series) points.push_back({{"kurtosis", series, "block"}, 1.25 + series});
    for (int i = 0; i < trials; ++i) {
      Train(*store, {Id(i), 1}, 0, 0, TrialState::kRunning);
      std::vector<StepPoints> all;
      for (std::int64_t step = 0; step < steps; ++step) all.push_back(MakeStep(10 * step, points));
      Must(store->AppendPoints({Id(i), 1}, 0, ColumnsOf(all)).get());
      SetState(*store, Id(i), TrialState::kCompleted);
    }
  }
  const auto store = OpenStore(path);  // goes on with the sealing that the end has interrupted
  while (!Sql(path, "SELECT 1 FROM recent_points LIMIT 1").empty()) {
    EXPECT_TRUE(store->Probe().get().ok());
  }
  return std::stod(Sql(path, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").at(0)) -
         std::stod(Sql(path, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size").at(0));
}

TEST(StoredBytes, OfAPointAreWhatAPlanCountsWith) {
  const double of_points = FileBytes(10, 600) - FileBytes(10, 0);
  EXPECT_NEAR(of_points / (10 * 600 * 36), kStoredPointBytes, 0.25 * kStoredPointBytes);
}

TEST(StoredBytes, OfATrialAreWhatAPlanCountsWith) {
  EXPECT_NEAR((FileBytes(220, 0) - FileBytes(20, 0)) / 200, kStoredTrialBytes, 0.25 * kStoredTrialBytes);
}

}  // namespace
}  // namespace ofsweep
