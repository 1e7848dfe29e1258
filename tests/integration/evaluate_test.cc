// `ofsweep evaluate`: rounding after the training, from the checkpoints.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/sweep_fixture.h"
#include "tests/is_gone.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EvaluateCommand : public SweepFixture {
 protected:
  // Two trials, trained by `run` in "data" with evaluate.bits `bits`.
  void Train(const std::string& name, const std::string& bits) {
    const std::string grid = "{optimizer.name: [adam, soap], evaluate.bits: [" + bits + "]}";
    const Finished run = Ofsweep({"run", WriteSpec({.name = name, .grid = grid}), "--data-dir", Path("data")});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  Finished Evaluate(const std::string& sweep, const std::string& bits) const {
    return Ofsweep({"evaluate", sweep, "--bits", bits, "--data-dir", Path("data")});
  }

  // The w8a4_perplexity of each trial by its optimizer, as `show` prints it.
  std::map<std::string, double> W8a4(const std::string& sweep) const {
    std::map<std::string, double> found;
    const Finished shown = Ofsweep({"show", sweep, "--json", "--data-dir", Path("data")});
    const auto sweep_shown = nlohmann::json::parse(shown.out);
    for (const auto& trial : sweep_shown.at("trials")) {
      const auto& results = trial.at("results");
      if (!results.contains("w8a4_perplexity")) continue;
      found[trial.at("config").at("optimizer.name")] = results.at("w8a4_perplexity");
    }
    return found;
  }
};

TEST_F(EvaluateCommand, GivesWhatTheTrainingWouldHaveGivenAndStoresIt) {
  Train("asked", "[w8a4]");
  Train("plain", "[]");
  EXPECT_THAT(W8a4("plain"), IsEmpty());

  const Finished first = Evaluate("plain", "w8a4,w6a6");
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_THAT(first.out, AllOf(HasSubstr("1/2 optimizer.name=adam"), HasSubstr("w8a4"), HasSubstr("w6a6")));
  const auto afterwards = W8a4("plain");
  ASSERT_EQ(afterwards.size(), 2u);
  EXPECT_EQ(afterwards, W8a4("asked")) << "one thread, one machine: the same bits";
  const auto curves = StoredCurves(Path("data/ofsweep.db"));
  EXPECT_THAT(curves, Contains(HasSubstr(" w6a6_loss ")).Times(2));

  const Finished second = Evaluate("plain", "w8a4,w6a6");
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("stored already"));
  EXPECT_EQ(StoredCurves(Path("data/ofsweep.db")), curves);
}

TEST_F(EvaluateCommand, AWorkersCheckpointsAreStoredWithItsCoordinator) {
  StartCoordinator();
  StartWorker();
  ASSERT_EQ(Command({"submit", WriteSpec({.grid = "{seed: [0]}"})}).exit_code, 0);
  ASSERT_EQ(Command({"watch", "tiny"}).exit_code, 0);
  const Finished elsewhere = Command({"evaluate", "tiny", "--bits", "w8a4", "--data-dir", Path("nowhere")});
  EXPECT_EQ(elsewhere.exit_code, 1);
  EXPECT_THAT(elsewhere.out, AllOf(HasSubstr("checkpoint-000000030.safetensors is missing"), HasSubstr("--data-dir")));
  const Finished here = Command({"evaluate", "tiny", "--bits", "w8a4", "--data-dir", Path("worker")});
  EXPECT_EQ(here.exit_code, 0) << here.out << here.err;
  EXPECT_THAT(Command({"table", "tiny", "--rows", "seed"}).out, HasSubstr("w8a4_perplexity"));
  const Finished locked = Ofsweep({"evaluate", "tiny", "--bits", "w8a4", "--data-dir", Path("data")});
  EXPECT_EQ(locked.exit_code, 1);
  EXPECT_THAT(locked.err, HasSubstr("--coordinator"));
}

TEST_F(EvaluateCommand, RefusesOtherTokensThanThoseOfTheTraining) {
  Train("plain", "[]");
  {
    std::fstream tokens(Path("tokens.bin"), std::ios::in | std::ios::out | std::ios::binary);
    tokens.write("\1\0\1\0\1\0", 6);
  }
  const Finished evaluated = Evaluate("plain", "w8a4");
  EXPECT_EQ(evaluated.exit_code, 1);
  EXPECT_THAT(evaluated.out, HasSubstr("the data.fingerprint"));
  EXPECT_THAT(W8a4("plain"), IsEmpty());
}

// The fingerprint of the tokens is of the training's; what the loss is of shows in the loss alone.
TEST_F(EvaluateCommand, RefusesOtherValidationDataAndGoesOnWithTheNextTrial) {
  const auto validation = Path("validation.bin");
  std::filesystem::copy_file(Path("tokens.bin"), validation);
  const Finished run = Ofsweep({"run",
                                WriteSpec({.name = "plain",
                                           .grid = "{optimizer.name: [adam, soap]}",
                                           .corpus = "data.path: tokens.bin\n  data.validation_path: validation.bin"}),
                                "--data-dir", Path("data")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::vector<char> other(std::filesystem::file_size(validation), '\1');
  for (std::size_t i = 1; i < other.size(); i += 2) other[i] = '\0';
  std::ofstream(validation, std::ios::binary).write(other.data(), static_cast<std::streamsize>(other.size()));

  const Finished evaluated = Evaluate("plain", "w8a4");
  EXPECT_EQ(evaluated.exit_code, 1);
  EXPECT_THAT(evaluated.out,
              AllOf(HasSubstr("1/2 optimizer.name=adam: failed: "), HasSubstr("the data.validation_fingerprint"),
                    HasSubstr("2/2 optimizer.name=soap: failed: ")));
  EXPECT_THAT(W8a4("plain"), IsEmpty());

  std::filesystem::copy_file(Path("tokens.bin"), validation, std::filesystem::copy_options::overwrite_existing);
  const Finished mended = Evaluate("plain", "w8a4");
  EXPECT_EQ(mended.exit_code, 0) << mended.out;
  EXPECT_THAT(mended.out, HasSubstr("calibrated on 16 batches of 8"));
}

TEST_F(EvaluateCommand, ATrialThatWroteNoCheckpointsIsToldAsSuch) {
  const std::string spec = WriteSpec({.name = "plain", .checkpoint_every = 0, .grid = "{seed: [0]}"});
  ASSERT_EQ(Ofsweep({"run", spec, "--data-dir", Path("data")}).exit_code, 0);
  const Finished evaluated = Evaluate("plain", "w8a4");
  EXPECT_EQ(evaluated.exit_code, 1);
  EXPECT_THAT(evaluated.out, AllOf(HasSubstr("train.checkpoint_every: 0"), HasSubstr("train it again"),
                                   Not(HasSubstr("of the worker"))));
}

TEST_F(EvaluateCommand, AFailureHasAReasonWithoutALogLineAroundIt) {
  const std::string spec = WriteSpec({.name = "plain", .grid = "{seed: [0]}"});
  ASSERT_EQ(Ofsweep({"run", spec, "--data-dir", Path("data")}).exit_code, 0);
  // Without a temporary folder, too: nothing is written there.
  const Finished no_tmp = RunToEnd({kOfsweep, "evaluate", "plain", "--bits", "w8a4", "--data-dir", Path("data")},
                                   {"TMPDIR=/no/such/folder"});
  EXPECT_EQ(no_tmp.exit_code, 0) << no_tmp.out << no_tmp.err;

  const auto trial = std::filesystem::directory_iterator(Path("data/trials"))->path();
  const auto checkpoint = trial / "checkpoint-000000030.safetensors";
  const auto whole = std::filesystem::file_size(checkpoint);
  std::filesystem::resize_file(checkpoint, whole - 1);
  const Finished damaged = Evaluate("plain", "w6a6");
  EXPECT_EQ(damaged.exit_code, 1);
  EXPECT_THAT(damaged.out,
              AllOf(HasSubstr("failed: " + checkpoint.string() + ": is truncated"), Not(HasSubstr(" error "))));

  std::filesystem::remove(trial / "trial.json");
  const Finished missing = Evaluate("plain", "w6a6");
  EXPECT_THAT(missing.out, AllOf(HasSubstr("trial.json is missing"), HasSubstr("--data-dir")));
}

class StoppedEvaluation : public EvaluateCommand {
 protected:
  // An evaluation that takes minutes, in the middle of it.
  void Start() {
    const std::string spec =
        WriteSpec({.name = "slow", .grid = "{seed: [0], evaluate.int8_calibration_batches: [100000]}"});
    ASSERT_EQ(Ofsweep({"run", spec, "--data-dir", Path("data")}).exit_code, 0);
    temporary_ = Path("tmp");
    std::filesystem::create_directory(temporary_);
    evaluation_ = std::make_unique<Process>(
        std::vector<std::string>{kOfsweep, "evaluate", "slow", "--bits", "w8a4", "--data-dir", Path("data")},
        std::vector<std::string>{"TMPDIR=" + temporary_});
    ASSERT_TRUE(WaitUntil([&] { return !ChildrenCalled(evaluation_->pid(), "ofsweep-trainer").empty(); }));
    trainer_ = ChildrenCalled(evaluation_->pid(), "ofsweep-trainer").at(0);
  }

  void ExpectNothingLeft() {
    EXPECT_TRUE(WaitUntil([&] { return IsGone(trainer_); }));
    EXPECT_TRUE(std::filesystem::is_empty(temporary_));
  }

  std::string temporary_;
  std::unique_ptr<Process> evaluation_;
  pid_t trainer_ = 0;
};

TEST_F(StoppedEvaluation, ASignalIsObeyedAtOnceByTheTrainerToo) {
  Start();
  evaluation_->Signal(SIGTERM);
  EXPECT_EQ(evaluation_->Wait(std::chrono::seconds(20)), 1);
  EXPECT_THAT(evaluation_->Err(), HasSubstr("the same command goes on"));
  EXPECT_THAT(evaluation_->Out(), Not(HasSubstr("failed")));
  ExpectNothingLeft();
}

TEST_F(StoppedEvaluation, AKilledCommandTakesItsTrainerAlong) {
  Start();
  evaluation_->Signal(SIGKILL);
  evaluation_->Wait();
  ExpectNothingLeft();
}

// What the kernel does where memory is short.
TEST_F(StoppedEvaluation, ATrainerThatIsKilledIsToldWithItsSignal) {
  Start();
  ::kill(trainer_, SIGKILL);
  EXPECT_EQ(evaluation_->Wait(), 1);
  EXPECT_THAT(evaluation_->Out(), HasSubstr("failed: ofsweep-trainer was killed by signal 9 (SIGKILL)"));
}

TEST_F(EvaluateCommand, SaysWhatIsWrongWithTheQuestion) {
  Train("plain", "[]");
  for (const char* bad : {"w8a1", "w8a4,w8a4", "int8"}) {
    const Finished refused = Evaluate("plain", bad);
    EXPECT_EQ(refused.exit_code, 2) << bad;
    EXPECT_THAT(refused.err, HasSubstr("--bits: ")) << bad;
  }
  const Finished unknown = Evaluate("other", "w8a4");
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("other"));
}

}  // namespace
}  // namespace ofsweep
