#include "worker/worker_metrics.h"

#include <fstream>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/cuda_memory.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(WorkerMetrics, EveryUpdateCountsWithTheMeanOfItsReport) {
  WorkerMetrics metrics({});
  EXPECT_THAT(metrics.Scrape(), HasSubstr("ofsweep_worker_step_duration_seconds_count{phase=\"checkpoint\"} 0\n"));
  metrics.Observe({{TrainerPhase::kTrain, 9, 1.8}, {TrainerPhase::kMeasure, 1, 0.75}});
  metrics.Observe({{TrainerPhase::kTrain, 1, 4}});
  const std::string text = metrics.Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_step_duration_seconds_bucket{phase=\"train\",le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_step_duration_seconds_bucket{phase=\"train\",le=\"0.25\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_step_duration_seconds_bucket{phase=\"train\",le=\"5\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_step_duration_seconds_sum{phase=\"train\"} 5.8"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_step_duration_seconds_count{phase=\"measure\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_step_duration_seconds_count{phase=\"evaluate\"} 0\n"));
}

TEST(WorkerMetrics, ATrainerInDisorderBreaksNoHistogram) {
  WorkerMetrics metrics({});
  metrics.Observe({{TrainerPhase::kTrain, -5, 1},
                   {TrainerPhase::kTrain, 0, 1},
                   {TrainerPhase::kTrain, 1, -1},
                   {TrainerPhase::kTrain, 1, std::numeric_limits<double>::quiet_NaN()},
                   {TrainerPhase::kTrain, 1, std::numeric_limits<double>::infinity()}});
  EXPECT_THAT(metrics.Scrape(), HasSubstr("ofsweep_worker_step_duration_seconds_count{phase=\"train\"} 0\n"));
}

TEST(WorkerMetrics, UnsentPointsAndTheProcessAreThere) {
  WorkerMetrics metrics({});
  metrics.SetUnsentPoints(7);
  EXPECT_THAT(metrics.Scrape(), HasSubstr("ofsweep_worker_unsent_points 7\n"));
  EXPECT_THAT(metrics.Scrape(), HasSubstr("\nprocess_cpu_seconds_total "));
}

TEST(WorkerMetrics, WithoutAGpuNothingIsSaidOfItsMemory) {
  WorkerMetrics metrics({});
  EXPECT_THAT(metrics.Scrape(), Not(HasSubstr("cuda")));
}

// Runs to its end only where there is a GPU with its driver.
TEST(WorkerMetrics, EveryGpuTellsItsMemory) {
  const std::vector<Gpu> gpus = FindGpus(nullptr);
  if (gpus.empty()) GTEST_SKIP() << "no GPU";
  WorkerMetrics metrics(gpus);
  for (const CudaMemory& memory : ReadCudaMemory(gpus)) {
    EXPECT_GT(memory.total_bytes, memory.used_bytes);
    EXPECT_THAT(metrics.Scrape(),
                HasSubstr("ofsweep_worker_cuda_memory_bytes{device=\"" + memory.device + "\",kind=\"total\"} "));
  }
  EXPECT_EQ(ReadCudaMemory(gpus).size(), gpus.size());
}

TEST(WorkerMetrics, TheDocumentationListsEveryOneAndNoOther) {
  std::stringstream document;
  document << std::ifstream(std::string(OFSWEEP_SOURCE_DIR) + "/docs/metrics.md").rdbuf();
  const std::string text = document.str();
  const std::size_t begin = text.find("## A worker");
  const std::string table = text.substr(begin, text.find("## Both") - begin);
  const auto names_in = [](const std::string& where, const std::string& pattern) {
    const std::regex name(pattern);
    std::set<std::string> names;
    for (std::sregex_iterator found(where.begin(), where.end(), name), end; found != end; ++found)
      names.insert((*found)[1]);
    return names;
  };
  WorkerMetrics metrics(FindGpus(nullptr));
  std::set<std::string> shown = names_in(metrics.Scrape(), "# TYPE (ofsweep_[a-z_]+) ");
  shown.insert("ofsweep_worker_cuda_memory_bytes");  // not on this machine, where it has no GPU
  EXPECT_EQ(names_in(table, "\\n\\| `(ofsweep_[a-z_]+)` \\|"), shown);
}

}  // namespace
}  // namespace ofsweep
