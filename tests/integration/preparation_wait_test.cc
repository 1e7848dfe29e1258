// A trainer that waits for another's tokenising is not one that hangs: the real trainer under the real agent.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "experiment/trial_config.h"
#include "tests/integration/process.h"
#include "tests/worker/agent_fixture.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

const std::string kTrainer = OFSWEEP_BIN_DIR "/ofsweep-trainer";
// A trainer may need a second or two to load its libraries.
constexpr std::chrono::seconds kSilence{8};

class PreparationWait : public AgentTest {
 protected:
  std::string WriteTrial() const {
    fs::create_directories(data_dir_);
    std::ofstream corpus(data_dir_ + "/corpus.txt");
    for (int i = 0; i < 500; ++i) corpus << "line " << i << " of a corpus that is tokenised once\n";
    const std::string trial = R"({"model": {"layers": 1, "width": 16, "heads": 2, "context": 8},
        "data": {"source": "text", "path": ")" +
                              data_dir_ +
                              R"(/corpus.txt", "vocabulary": 300},
        "train": {"steps": 2, "batch_size": 2, "device": "cpu", "threads": 1}, "evaluate": {"int8": false}})";
    std::ofstream(data_dir_ + "/trial.json") << trial;
    return trial;
  }

  // Prepares the corpus and takes the result away again; the lock under which it was made is left.
  std::string FindLock() const {
    const std::string cache = data_dir_ + "/datasets";
    const Finished prepared = RunToEnd({kTrainer, "prepare", "--config", data_dir_ + "/trial.json", "--cache", cache});
    EXPECT_EQ(prepared.exit_code, 0) << prepared.err;
    std::string lock;
    for (const auto& entry : fs::directory_iterator(cache)) {
      if (entry.path().extension() == ".lock") {
        lock = entry.path();
      } else {
        fs::remove_all(entry.path());
      }
    }
    return lock;
  }

  // What the trainer last said of its wait.
  int SecondsWaited(const std::string& trial_id) const {
    const std::string log = ReadFile(TrialFile(trial_id, "logs/attempt-1.log"));
    const std::regex waiting("waiting \\((\\d+) s\\)");
    int seconds = 0;
    for (std::sregex_iterator found(log.begin(), log.end(), waiting), end; found != end; ++found) {
      seconds = std::stoi((*found)[1]);
    }
    return seconds;
  }
};

TEST_F(PreparationWait, ATrialThatWaitsForLongerThanATrainerMayBeSilentGoesOn) {
  const std::string trial = WriteTrial();
  const int lock = open(FindLock().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  std::vector<Problem> problems;
  const std::string id = TrialId(ConfigHash(ParseTrialJson(trial, data_dir_ + "/trial.json", problems)));
  coordinator_.Change([&](FakeCoordinatorState& state) {
    v1::Start& assignment = state.wanted.emplace_back();
    assignment.set_trial_id(id);
    assignment.set_generation(1);
    assignment.set_config_json(trial);
    assignment.set_lease_seconds(30);
  });
  AgentOptions options = Options();
  options.trainer_path = kTrainer;
  options.silence_timeout = kSilence;
  StartAgent(options);
  EXPECT_TRUE(WaitUntil([&] { return SecondsWaited(id) > kSilence.count() || coordinator_.state().Ended(id); }));
  close(lock);
  ASSERT_TRUE(coordinator_.WaitUntil([&](const FakeCoordinatorState& state) { return state.Ended(id); }));
  EXPECT_EQ(coordinator_.state().ended.at({id, 1}).outcome(), "completed")
      << coordinator_.state().ended.at({id, 1}).failure_message();
}

}  // namespace
}  // namespace ofsweep
