// A trainer that is told what it shares its machine with.

#include <gmock/gmock.h>

#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SharedMemory : public testing::Test {
 protected:
  TrainerResult Run(const std::vector<std::string>& share) {
    std::vector<std::string> arguments = {"--config", WriteTrial(folder_, trial_)};
    arguments.insert(arguments.end(), share.begin(), share.end());
    return RunTrainer(arguments);
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();
};

TEST_F(SharedMemory, ATrialThatNeedsMoreThanItsShareIsRefusedThoughTheMachineHasIt) {
  trial_["train"].update({{"steps", 1}, {"batch_size", 64}, {"micro_batch_size", 64}});
  EXPECT_EQ(Run({"--memory", "2000000"}).exit_code, 0);
  const TrainerResult refused = Run({"--memory", "2000000", "--slots", "3"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.Failure().failure, FailureClass::kOom);
  EXPECT_THAT(refused.Failure().message,
              AllOf(HasSubstr("the trial needs "),
                    HasSubstr("its share of this worker is 667 kB (2 MB free / 3 slots)"), HasSubstr("use --slots 1")));
}

TEST_F(SharedMemory, AnEvaluationIsRefusedWhereItsModelDoesNotFit) {
  const std::string trial = WriteTrial(folder_, trial_);
  EXPECT_EQ(RunTrainer({"evaluate", "--config", trial, "--memory", "2000000"}).exit_code, 0);
  const TrainerResult refused = RunTrainer({"evaluate", "--config", trial, "--memory", "1"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.Failure().failure, FailureClass::kOom);
  EXPECT_THAT(refused.Failure().message, AllOf(HasSubstr("evaluating needs "), HasSubstr("may take 1 bytes")));
}

TEST_F(SharedMemory, AutoMicroBatchesFitTheShare) {
  trial_["train"].update({{"steps", 1}, {"batch_size", 64}, {"micro_batch_size", "auto"}});
  const auto rows = [&](const std::vector<std::string>& share) {
    return std::get<StartedEvent>(Run(share).Events().at(0)).config.at("train.micro_batch_size").get<int>();
  };
  const int alone = rows({"--memory", "1000000"});
  EXPECT_LT(alone, 64);
  EXPECT_LE(2 * rows({"--memory", "1000000", "--slots", "2"}), alone + 1);
}

}  // namespace
}  // namespace ofsweep
