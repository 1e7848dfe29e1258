// A trial that was killed or stopped, and continued, says and learns exactly what it would have otherwise.

#include <signal.h>

#include <chrono>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"
#include "trainer/safetensors.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

// Everything a trial said that does not depend on the clock.
class Curves {
 public:
  // A point that was said before must be said again with the same bits.
  void Add(const TrainerResult& result) {
    for (const TrainerEvent& event : result.Events()) {
      if (const auto* step = std::get_if<PointsEvent>(&event)) Add(step->points);
    }
  }

  bool operator==(const Curves&) const = default;

  std::size_t size() const { return values_.size(); }

 private:
  void Add(const StepPoints& step) {
    for (const MetricPoint& point : step.points) {
      if (point.series.metric == "tokens_per_second") continue;
      std::uint64_t bits;
      std::memcpy(&bits, &point.value, sizeof(bits));
      const auto [known, is_new] = values_.emplace(std::pair(step.step, point.series), bits);
      EXPECT_EQ(known->second, bits) << "step " << step.step << " " << point.series.metric << " " << point.series.site;
    }
  }

  std::map<std::pair<std::int64_t, Series>, std::uint64_t> values_;
};

// Every tensor of the last checkpoint, optimiser and generator included, as bytes.
std::map<std::string, std::string> FinalState(const std::filesystem::path& output) {
  const auto file = SafetensorsFile::Open(output / "checkpoint-000000024.safetensors");
  EXPECT_TRUE(file.ok()) << file.status();
  std::map<std::string, std::string> state;
  if (!file.ok()) return state;
  for (const std::string& name : file->Names()) {
    const at::Tensor tensor = file->Read(name);
    state[name].assign(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  }
  return state;
}

std::optional<std::int64_t> ResumedFrom(const TrainerResult& result) {
  return std::get<StartedEvent>(result.Events().at(0)).resumed_from;
}

// What a trial has on top of TinyTrial: another way of training that must resume is one more line.
struct Arm {
  const char* name;
  const char* trial;
};

constexpr Arm kArms[] = {
    {"adam", R"({})"},
    {"adam_hf_post_norm_sequential",
     R"({"model": {"block": "post_norm"}, "optimizer": {"adam_variant": "hf"}, "data": {"order": "sequential"}})"},
    {"adam_op_trainable_scale", R"({"model": {"block": "op", "residual_scale_trainable": true, "bias": "all"}})"},
    {"adam_bf16_masters", R"({"train": {"precision": "bf16"}})"},
    {"adam_one_row_at_a_time", R"({"train": {"micro_batch_size": 1}, "model": {"dropout": 0.5}})"},
    {"soap_sequential", R"({"optimizer": {"name": "soap", "refresh_every": 5}, "data": {"order": "sequential"}})"},
    {"soap_post_norm", R"({"model": {"block": "post_norm"}, "optimizer": {"name": "soap", "refresh_every": 4}})"},
    {"soap_op_whole_batch_fp64",
     R"({"model": {"block": "op", "dropout": 0}, "optimizer": {"name": "soap", "max_preconditioner_dim": 16},
         "train": {"micro_batch_size": 4, "precision": "fp64"}})"},
    {"soap_staggered", R"({"optimizer": {"name": "soap", "refresh_every": 4, "stagger": true}})"},
    {"soap_activation_checkpointing",
     R"({"model": {"dropout": 0.3}, "optimizer": {"name": "soap", "refresh_every": 5},
         "train": {"activation_checkpointing": true}})"},
};
constexpr int kKillsOfAnArm = 6;  // 60 in all

class ResumeTest : public testing::TestWithParam<Arm> {
 protected:
  ResumeTest() {
    nlohmann::json trial = TinyTrial();
    trial.merge_patch(nlohmann::json::parse(GetParam().trial));
    trial_ = WriteTrial(folder_, trial);
    const TrainerResult result = RunTrainer({"--config", trial_, "--output", Output("whole")});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    whole_.Add(result);
    EXPECT_GT(whole_.size(), 24u * 20);
  }

  std::string Output(const std::string& name) const { return (folder_.path() / name).string(); }

  void ExpectEqualToWhole(const Curves& curves, const std::string& output = "parts") {
    EXPECT_TRUE(curves == whole_);
    EXPECT_TRUE(FinalState(Output(output)) == FinalState(Output("whole")));
  }

  TemporaryFolder folder_;
  std::string trial_;
  Curves whole_;
};

// The kill comes after a few lines and a moment more: in a step, in an evaluation, or while a checkpoint is written. A
// trial that gets to its end before it has been killed often enough is compared and begun anew.
TEST_P(ResumeTest, KilledAtRandomMomentsItContinuesBitForBit) {
  std::mt19937 random(7);
  int kills = 0;
  for (int round = 0; kills < kKillsOfAnArm; ++round) {
    const std::string output = "parts" + std::to_string(round);
    Curves curves;
    bool finished = false;
    while (!finished) {
      StartedTrainer process({"--config", trial_, "--output", Output(output), "--resume"});
      const int lines = std::uniform_int_distribution<int>(1, 8)(random);
      for (int line = 0; line < lines && process.ReadLine(); ++line) {
      }
      if (kills < kKillsOfAnArm) {
        std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<int>(0, 5000)(random)));
        process.Signal(SIGKILL);
      }
      const TrainerResult result = process.Wait();
      curves.Add(result);
      if (result.exit_code == -SIGKILL) ++kills;
      finished = result.exit_code == 0;
      ASSERT_TRUE(finished || result.exit_code == -SIGKILL) << result.errors;
    }
    ExpectEqualToWhole(curves, output);
  }
}

TEST_P(ResumeTest, StoppedBySigtermOrAClosedTerminalItContinuesFromThatVeryStep) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    const std::string output = "stopped-" + std::to_string(signal);
    Curves curves;
    StartedTrainer process({"--config", trial_, "--output", Output(output)});
    for (int line = 0; line < 6; ++line) ASSERT_TRUE(process.ReadLine());
    process.Signal(signal);
    const TrainerResult stopped = process.Wait();
    curves.Add(stopped);
    EXPECT_EQ(stopped.exit_code, 0) << stopped.errors;
    const std::vector<TrainerEvent> events = stopped.Events();
    const auto* checkpoint = std::get_if<CheckpointEvent>(&events.back());
    ASSERT_NE(checkpoint, nullptr) << stopped.lines.back();

    const TrainerResult rest = RunTrainer({"--config", trial_, "--output", Output(output), "--resume"});
    curves.Add(rest);
    EXPECT_EQ(ResumedFrom(rest), checkpoint->step);
    ExpectEqualToWhole(curves, output);
  }
}

TEST_P(ResumeTest, ATruncatedCheckpointIsReportedAndTheOneBeforeItTaken) {
  std::filesystem::create_directories(Output("parts"));
  for (const char* name : {"checkpoint-000000021.safetensors", "checkpoint-000000024.safetensors"}) {
    std::filesystem::copy(folder_.path() / "whole" / name, folder_.path() / "parts" / name);
  }
  const auto newest = folder_.path() / "parts" / "checkpoint-000000024.safetensors";
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) / 2);
  const TrainerResult result = RunTrainer({"--config", trial_, "--output", Output("parts"), "--resume"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(ResumedFrom(result), 21);
  EXPECT_THAT(result.errors, HasSubstr(newest.string() + ": is truncated"));
  EXPECT_TRUE(FinalState(Output("parts")) == FinalState(Output("whole")));
}

INSTANTIATE_TEST_SUITE_P(Arms, ResumeTest, testing::ValuesIn(kArms),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Resume, WithoutAnyCheckpointItStartsFromTheBeginning) {
  const TemporaryFolder folder;
  const std::string trial = WriteTrial(folder, TinyTrial());
  const TrainerResult result = RunTrainer({"--config", trial, "--output", folder.path() / "none", "--resume"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(ResumedFrom(result), std::nullopt);
}

TEST(Resume, ACheckpointOfAnotherTrialIsRefused) {
  const TemporaryFolder folder;
  nlohmann::json trial = TinyTrial();
  ASSERT_EQ(RunTrainer({"--config", WriteTrial(folder, trial), "--output", folder.path()}).exit_code, 0);
  trial["seed"] = 1;
  const TrainerResult result =
      RunTrainer({"--config", WriteTrial(folder, trial), "--output", folder.path(), "--resume"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.Failure().failure, FailureClass::kBadConfig);
  EXPECT_THAT(result.Failure().message, HasSubstr("belongs to another trial"));
}

TEST(Resume, ATrialThatWasDoneSaysItsEndAgain) {
  const TemporaryFolder folder;
  const std::string trial = WriteTrial(folder, TinyTrial());
  const TrainerResult first = RunTrainer({"--config", trial, "--output", folder.path()});
  const TrainerResult again = RunTrainer({"--config", trial, "--output", folder.path(), "--resume"});
  EXPECT_EQ(ResumedFrom(again), 24);
  const auto unsealed = [](const std::string& line) { return line.substr(0, line.find(",\"line\":")); };
  EXPECT_EQ(unsealed(again.lines.back()), unsealed(first.lines.back()));
  Curves curves;
  curves.Add(first);
  curves.Add(again);
}

class Checkpoints : public testing::Test {
 protected:
  TrainerResult Train(const std::vector<std::string>& options = {}, const StartedTrainer::Options& limits = {}) {
    std::vector<std::string> arguments = {"--config", trial_, "--output", output_.string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunTrainer(arguments, limits);
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(output_)) names.push_back(entry.path().filename());
    return names;
  }

  TemporaryFolder folder_;
  std::string trial_ = WriteTrial(folder_, TinyTrial());
  std::filesystem::path output_ = folder_.path() / "out";
};

TEST_F(Checkpoints, TheLastTwoAreKept) {
  folder_.Write("out/checkpoint-000000003.safetensors.aB3dE6", "left by a process that was killed");
  ASSERT_EQ(Train().exit_code, 0);
  EXPECT_THAT(Files(), UnorderedElementsAre("checkpoint-000000021.safetensors", "checkpoint-000000024.safetensors"));
}

TEST_F(Checkpoints, AllAreKeptWhereTheyAreAskedFor) {
  ASSERT_EQ(Train({"--keep-all-checkpoints"}).exit_code, 0);
  EXPECT_EQ(Files().size(), 8u) << "of 24 steps, each third";
}

// Files of later steps that are no good must not push out the good ones.
TEST_F(Checkpoints, DamagedOnesOfLaterStepsMakeWay) {
  folder_.Write("out/checkpoint-000000090.safetensors", "damaged");
  folder_.Write("out/checkpoint-000000099.safetensors", "damaged");
  const TrainerResult result = Train({"--resume"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(ResumedFrom(result), std::nullopt);
  EXPECT_THAT(Files(), UnorderedElementsAre("checkpoint-000000021.safetensors", "checkpoint-000000024.safetensors"));
}

TEST_F(Checkpoints, TheFirstOneStaysWhereDamagedOnesMakeWay) {
  folder_.Write("out/checkpoint-000000090.safetensors", "damaged");
  folder_.Write("out/checkpoint-000000099.safetensors", "damaged");
  nlohmann::json trial = TinyTrial();
  trial["train"]["steps"] = 3;
  trial_ = WriteTrial(folder_, trial);
  ASSERT_EQ(Train({"--resume"}).exit_code, 0);
  EXPECT_THAT(Files(), UnorderedElementsAre("checkpoint-000000003.safetensors"));
}

TEST_F(Checkpoints, AFolderOfACheckpointsNameIsPassedOver) {
  ASSERT_EQ(Train().exit_code, 0);
  folder_.Write("out/checkpoint-000000099.safetensors/notes.txt", "not ours");
  const TrainerResult result = Train({"--resume"});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(ResumedFrom(result), 24);
  EXPECT_THAT(Files(), UnorderedElementsAre("checkpoint-000000021.safetensors", "checkpoint-000000024.safetensors",
                                            "checkpoint-000000099.safetensors"));
}

TEST_F(Checkpoints, OfAnotherVersionAreRefusedAndKept) {
  ASSERT_TRUE(MakeFolder(output_).ok());
  const auto path = output_ / "checkpoint-000000009.safetensors";
  ASSERT_TRUE(WriteSafetensors(path, {{"x", at::zeros({1})}}, {{"format", "ofsweep checkpoint 2"}}).ok());
  const TrainerResult result = Train({"--resume"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.Failure().message, HasSubstr(path.string() + ": has another format"));
  EXPECT_TRUE(std::filesystem::exists(path));
}

// The NaN stands in the embedding of a token that never comes, so that no loss and no gradient shows it.
TEST_F(Checkpoints, WeightsThatAreNotFiniteNeverReplaceGoodOnes) {
  nlohmann::json trial = TinyTrial();
  trial["model"]["tie_embeddings"] = false;
  trial["model"]["vocabulary"] = 49;
  WriteTrial(folder_, trial);
  ASSERT_EQ(Train().exit_code, 0);
  const auto good = SafetensorsFile::Open(output_ / "checkpoint-000000021.safetensors");
  ASSERT_TRUE(good.ok()) << good.status();
  std::vector<NamedTensor> weights;
  for (const std::string& name : good->Names()) {
    if (name.starts_with("optimizer.") || name.starts_with("generator.")) continue;
    weights.push_back({name, good->Read(name)});
    if (name == "embed.token.weight") weights.back().tensor[48][0] = std::numeric_limits<double>::quiet_NaN();
  }
  ASSERT_TRUE(WriteSafetensors(folder_.path() / "nan.safetensors", weights, {}).ok());
  trial["model"]["init_from"] = "nan.safetensors";
  WriteTrial(folder_, trial);
  const std::string before = ReadFile(output_ / "checkpoint-000000024.safetensors");
  const TrainerResult result = Train();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.errors, HasSubstr("step 3: weights are NaN or Inf; no checkpoint is written of them"));
  EXPECT_THAT(Files(), UnorderedElementsAre("checkpoint-000000021.safetensors", "checkpoint-000000024.safetensors"));
  EXPECT_EQ(ReadFile(output_ / "checkpoint-000000024.safetensors"), before);
}

// A file-size limit stands for a full disk: both refuse the next byte.
TEST_F(Checkpoints, AFullDiskLeavesTheEarlierOnesAndTheTrialContinuesFromThem) {
  ASSERT_EQ(Train().exit_code, 0);
  const std::map<std::string, std::string> whole = FinalState(output_);
  std::filesystem::remove(output_ / "checkpoint-000000024.safetensors");
  const std::string before = ReadFile(output_ / "checkpoint-000000021.safetensors");
  const TrainerResult full = Train({"--resume"}, {.file_size_limit = before.size() / 2});
  EXPECT_EQ(full.exit_code, 3) << "it found no room";
  EXPECT_THAT(full.Failure().message, HasSubstr("checkpoint-000000024.safetensors: cannot be written"));
  EXPECT_THAT(Files(), UnorderedElementsAre("checkpoint-000000021.safetensors"));
  EXPECT_EQ(ReadFile(output_ / "checkpoint-000000021.safetensors"), before);
  const TrainerResult rest = Train({"--resume"});
  EXPECT_EQ(ResumedFrom(rest), 21);
  EXPECT_TRUE(FinalState(output_) == whole);
}

}  // namespace
}  // namespace ofsweep
