// `ofsweep-trainer time`.

#include <csignal>

#include <gmock/gmock.h>

#include "experiment/step_timing.h"
#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

class StepTimingProcess : public testing::Test {
 protected:
  TrainerResult Time(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"time", "--config", WriteTrial(folder_, trial_)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTrainer(arguments);
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();
};

TEST_F(StepTimingProcess, NeedsNoCorpusAndAddsUp) {
  trial_["data"]["path"] = "there-is-none.bin";
  trial_["optimizer"]["name"] = "soap";
  const TrainerResult result = Time();
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  ASSERT_EQ(result.lines.size(), 1u);
  const auto timing = ParseStepTiming(result.lines[0]);
  ASSERT_TRUE(timing.ok()) << timing.status();
  EXPECT_EQ(timing->device, "cpu");
  EXPECT_EQ(timing->threads, 1);
  EXPECT_EQ(timing->rows, 2);  // a micro-batch of so small a model is quick
  EXPECT_GT(timing->pass_seconds, 0);
  EXPECT_DOUBLE_EQ(timing->step_seconds, 2 * timing->pass_seconds + timing->optimizer_seconds);
  EXPECT_GT(timing->peak_bytes, 0);
  EXPECT_GT(timing->device_bytes, timing->peak_bytes);
}

TEST_F(StepTimingProcess, MeasuresThePeakThatIsEstimated) {
  trial_["model"] = {{"layers", 4}, {"width", 192}, {"heads", 6}, {"context", 64}, {"vocabulary", 2048}};
  trial_["train"]["micro_batch_size"] = 4;
  const auto timing = ParseStepTiming(Time({"--rows", "4"}).lines.at(0));
  ASSERT_TRUE(timing.ok()) << timing.status();
  EXPECT_EQ(timing->rows, 4);
  const auto measured = static_cast<double>(timing->peak_bytes);
  EXPECT_NEAR(static_cast<double>(timing->estimated_peak_bytes) / measured, 1, 0.1);
}

TEST_F(StepTimingProcess, AVocabularyThatOnlyTheTokensKnowIsAskedFor) {
  trial_["model"].erase("vocabulary");
  const TrainerResult result = Time();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.Failure().failure, FailureClass::kBadConfig);
  EXPECT_THAT(result.Failure().message, HasSubstr("model.vocabulary"));
}

TEST_F(StepTimingProcess, ALimitEndsIt) {
  trial_["model"] = {{"layers", 1}, {"width", 2048}, {"heads", 1}, {"context", 8}, {"vocabulary", 300}};
  trial_["optimizer"]["name"] = "soap";  // the first bases of matrices this wide take minutes
  EXPECT_EQ(Time({"--limit", "1"}).exit_code, -SIGALRM);
}

}  // namespace
}  // namespace ofsweep
