// How many threads a trainer takes, and how they wait for each other.

#include <gmock/gmock.h>

#include "experiment/step_timing.h"
#include "host/cores.h"
#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// What OpenMP's library says that it has read.
std::string OpenMpSettings(std::map<std::string, std::string> environment) {
  environment.insert({"OMP_DISPLAY_ENV", "VERBOSE"});
  environment.insert({"OMP_WAIT_POLICY", ""});
  return RunTrainer({"--help"}, {.environment = environment}).errors;
}

TEST(WaitingThreads, Sleep) {
  EXPECT_THAT(OpenMpSettings({}), AllOf(HasSubstr("OMP_WAIT_POLICY = 'PASSIVE'"), HasSubstr("GOMP_SPINCOUNT = '0'")));
}

TEST(WaitingThreads, DoWhatTheUserHasSaid) {
  EXPECT_THAT(OpenMpSettings({{"OMP_WAIT_POLICY", "active"}}), HasSubstr("OMP_WAIT_POLICY = 'ACTIVE'"));
  EXPECT_THAT(OpenMpSettings({{"GOMP_SPINCOUNT", "123"}}), HasSubstr("GOMP_SPINCOUNT = '123'"));
}

std::int64_t Threads(const std::vector<std::string>& more, const std::string& omp_num_threads) {
  const TemporaryFolder folder;
  nlohmann::json trial = TinyTrial();
  trial["train"]["threads"] = "auto";
  std::vector<std::string> arguments = {"time", "--config", WriteTrial(folder, trial)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const TrainerResult result = RunTrainer(arguments, {.environment = {{"OMP_NUM_THREADS", omp_num_threads}}});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return ParseStepTiming(result.lines.at(0))->threads;
}

TEST(AutoThreads, AreTheShareOfOneOfSoManySlots) {
  EXPECT_EQ(Threads({}, ""), UsableCores());
  EXPECT_EQ(Threads({"--slots", "2"}, ""), std::max(1, UsableCores() / 2));
  EXPECT_EQ(Threads({"--slots", "4096"}, ""), 1);
}

TEST(AutoThreads, AreNoMoreThanOmpNumThreads) {
  EXPECT_EQ(Threads({}, "1"), 1);
}

}  // namespace
}  // namespace ofsweep
