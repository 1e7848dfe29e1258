// A trial that was killed or stopped, and continued, says and learns exactly what it would have otherwise.

#include <signal.h>

#include <cstring>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"
#include "trainer/safetensors.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

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

struct Arm {
  const char* optimizer;
  const char* order;
};

class ResumeTest : public testing::TestWithParam<Arm> {
 protected:
  ResumeTest() {
    nlohmann::json trial = TinyTrial();
    trial["optimizer"]["name"] = GetParam().optimizer;
    trial["data"]["order"] = GetParam().order;
    trial_ = WriteTrial(folder_, trial);
    const TrainerResult result = RunTrainer({"--config", trial_, "--output", Output("whole")});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    whole_.Add(result);
    EXPECT_GT(whole_.size(), 24u * 20);
  }

  std::string Output(const char* name) const { return (folder_.path() / name).string(); }

  void ExpectEqualToWhole(const Curves& curves) {
    EXPECT_TRUE(curves == whole_);
    EXPECT_TRUE(FinalState(Output("parts")) == FinalState(Output("whole")));
  }

  TemporaryFolder folder_;
  std::string trial_;
  Curves whole_;
};

TEST_P(ResumeTest, KilledAtRandomMomentsItContinuesBitForBit) {
  std::mt19937 random(7);
  Curves curves;
  bool finished = false;
  for (int attempt = 0; attempt < 20 && !finished; ++attempt) {
    TrainerProcess process({"--config", trial_, "--output", Output("parts"), "--resume"});
    const int lines = std::uniform_int_distribution<int>(1, 18)(random);
    for (int line = 0; line < lines && process.ReadLine(); ++line) {
    }
    if (attempt < 6) process.Signal(SIGKILL);
    const TrainerResult result = process.Wait();
    curves.Add(result);
    finished = result.exit_code == 0;
  }
  EXPECT_TRUE(finished);
  ExpectEqualToWhole(curves);
}

TEST_P(ResumeTest, StoppedBySigtermItContinuesFromThatVeryStep) {
  Curves curves;
  TrainerProcess process({"--config", trial_, "--output", Output("parts")});
  for (int line = 0; line < 6; ++line) ASSERT_TRUE(process.ReadLine());
  process.Signal(SIGTERM);
  const TrainerResult stopped = process.Wait();
  curves.Add(stopped);
  EXPECT_EQ(stopped.exit_code, 0) << stopped.errors;
  const std::vector<TrainerEvent> events = stopped.Events();
  const auto* checkpoint = std::get_if<CheckpointEvent>(&events.back());
  ASSERT_NE(checkpoint, nullptr) << stopped.lines.back();

  const TrainerResult rest = RunTrainer({"--config", trial_, "--output", Output("parts"), "--resume"});
  curves.Add(rest);
  EXPECT_EQ(ResumedFrom(rest), checkpoint->step);
  ExpectEqualToWhole(curves);
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

INSTANTIATE_TEST_SUITE_P(Arms, ResumeTest,
                         testing::Values(Arm{"adam", "shuffled"}, Arm{"adam", "sequential"}, Arm{"soap", "shuffled"},
                                         Arm{"soap", "sequential"}),
                         [](const auto& info) { return std::string(info.param.optimizer) + "_" + info.param.order; });

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
  EXPECT_EQ(again.lines.back(), first.lines.back());
  Curves curves;
  curves.Add(first);
  curves.Add(again);
}

TEST(Checkpoints, TheLastTwoAreKept) {
  const TemporaryFolder folder;
  const std::string trial = WriteTrial(folder, TinyTrial());
  const auto output = folder.path() / "out";
  folder.Write("out/checkpoint-000000003.safetensors.aB3dE6", "left by a process that was killed");
  ASSERT_EQ(RunTrainer({"--config", trial, "--output", output}).exit_code, 0);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(output)) names.push_back(entry.path().filename());
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("checkpoint-000000021.safetensors", "checkpoint-000000024.safetensors"));
}

}  // namespace
}  // namespace ofsweep
