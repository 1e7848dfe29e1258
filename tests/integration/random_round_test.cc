// Everything that a night on a cluster may bring, at random moments of a sweep that two workers train: kills, stops,
// silence beyond the lease, lost, cut and damaged outboxes, a database that is restored from an older copy, users who
// cancel and resume. In the end its curves are, bit by bit, those of a calm sweep.
//
// OFSWEEP_ROUND_FAULTS is how many there are (10 by default; 200 take some twenty minutes), OFSWEEP_ROUND_SEED where
// they start (1).

#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

unsigned FromEnvironment(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

class RandomRound : public SweepFixture {
 protected:
  const TinySweep sweep_{.steps = 300, .measure_every = 2};

  std::string Database() const { return Path("data/ofsweep.db"); }

  std::size_t Pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

  static std::string Folder(std::size_t worker) { return "worker-" + std::to_string(worker); }

  void StartOne(std::size_t worker) {
    workers_[worker] = std::make_unique<Process>(
        std::vector<std::string>{kOfsweep, "worker", "--coordinator", grpc_, "--data-dir", Path(Folder(worker)),
                                 "--data-root", folder_.string(), "--slots", "1"});
    ASSERT_TRUE(workers_[worker]->WaitForOut("\n")) << workers_[worker]->Err();
  }

  void KillOne(std::size_t worker, int signal) {
    workers_[worker]->Signal(signal);
    const int ended = workers_[worker]->Wait();
    EXPECT_EQ(ended, signal == SIGKILL ? -SIGKILL : 0) << workers_[worker]->Err();
  }

  void StopCoordinator() {
    coordinator_->Signal(SIGKILL);
    EXPECT_EQ(coordinator_->Wait(), -SIGKILL);
  }

  void Begin() {
    for (auto& worker : workers_) worker.reset();
    coordinator_.reset();
    for (const std::string& folder : {std::string("data"), Folder(0), Folder(1)}) fs::remove_all(Path(folder));
    fs::remove(Path("copy.db"));
    StartCoordinator();
    ASSERT_EQ(Command({"submit", Path("tiny.yaml")}).exit_code, 0);
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) ASSERT_NO_FATAL_FAILURE(StartOne(worker));
  }

  bool IsFinished() const { return Show(sweep_.name).value("state", "") == "finished"; }

  std::string Table() const {
    return Command({"table", sweep_.name, "--format", "csv", "--metrics",
                    "train_loss,eval_loss,kurtosis_max,kurtosis_peak"})
        .out;
  }

  long CountLost() const {
    SQLite::Database db(Database(), SQLite::OPEN_READONLY, 10'000);
    return db.execAndGet("SELECT count(*) FROM attempts WHERE outcome = 'lost'").getInt();
  }

  // Until so many more points are stored, which may never be: the sweep may end before.
  void WaitForAMoment() {
    const long moment = CountPoints(Database()) + static_cast<long>(Pick(4'000));
    ASSERT_TRUE(WaitUntil([&] { return CountPoints(Database()) >= moment || IsFinished(); }));
  }

  // One outbox of the worker, which is not running; says how, "" where it has none.
  std::string HurtOutbox(std::size_t worker) {
    std::vector<fs::path> outboxes;
    for (const auto& entry : fs::directory_iterator(Path(Folder(worker) + "/outbox"))) {
      if (entry.path().extension() == ".jsonl") outboxes.push_back(entry.path());
    }
    if (outboxes.empty()) return "";
    const fs::path& outbox = outboxes[Pick(outboxes.size())];
    const std::size_t size = fs::file_size(outbox);
    switch (Pick(4)) {
      case 0:
        fs::resize_file(outbox, Pick(size + 1));
        return "outbox cut";
      case 1:
        fs::remove(outbox);
        return "outbox lost";
      default:
        if (size == 0) return "";
        const std::size_t begin = Pick(size);
        std::fstream file(outbox, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(begin)) << std::string(std::min(size - begin, 1 + Pick(1'000)), '\0');
        return "outbox damaged";
    }
  }

  // Its name; "" where there was nothing to hurt at the moment.
  std::string Disturb() {
    const std::size_t worker = Pick(workers_.size());
    switch (Pick(12)) {
      case 0: {
        const auto trainers = ChildrenCalled(workers_[worker]->pid(), "ofsweep-trainer");
        return !trainers.empty() && kill(trainers[0], SIGKILL) == 0 ? "trainer killed" : "";
      }
      case 1:
        KillOne(worker, SIGKILL);
        StartOne(worker);
        return "worker killed";
      case 2:
        KillOne(worker, SIGTERM);
        StartOne(worker);
        return "worker stopped";
      case 3:
      case 4: {
        KillOne(worker, SIGKILL);
        const std::string hurt = HurtOutbox(worker);
        StartOne(worker);
        return hurt.empty() ? "worker killed" : hurt;
      }
      case 5:
        StopCoordinator();
        StartCoordinator();
        return "coordinator killed";
      case 6:
      case 7:
        EXPECT_EQ(Ofsweep({"db", "backup", "--data-dir", Path("data"), "--to", Path("copy.db")}).exit_code, 0);
        return "";
      case 8:
      case 9:
        if (!fs::exists(Path("copy.db"))) return "";
        StopCoordinator();
        for (const char* more : {"-wal", "-shm"}) fs::remove(Database() + more);
        fs::copy_file(Path("copy.db"), Database(), fs::copy_options::overwrite_existing);
        StartCoordinator();
        return "database restored";
      case 10:
        EXPECT_EQ(Command({"cancel", sweep_.name}).exit_code, 0);
        EXPECT_EQ(Command({"resume", sweep_.name}).exit_code, 0);
        return "cancelled and resumed";
      default:
        return Pick(2) == 0 ? Silence(worker) : "";
    }
  }

  // The agent, and the trainers with it, stand still until their leases have run out.
  std::string Silence(std::size_t worker) {
    auto silent = ChildrenCalled(workers_[worker]->pid(), "ofsweep-trainer");
    if (silent.empty()) return "";
    silent.push_back(workers_[worker]->pid());
    const long lost = CountLost();
    for (const pid_t process : silent) kill(process, SIGSTOP);
    EXPECT_TRUE(WaitUntil([&] { return CountLost() > lost; }));
    for (const pid_t process : silent) kill(process, SIGCONT);
    return "silent beyond the lease";
  }

  std::array<std::unique_ptr<Process>, 2> workers_;
  std::mt19937 random_{FromEnvironment("OFSWEEP_ROUND_SEED", 1)};
};

TEST_F(RandomRound, EndsWithTheCurvesOfACalmSweep) {
  WriteSpec(sweep_);
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_TRUE(WaitUntil([&] { return IsFinished(); }));
  const auto curves = StoredCurves(Database());
  const std::string table = Table();
  ASSERT_GT(curves.size(), 1000u);

  const unsigned wanted = FromEnvironment("OFSWEEP_ROUND_FAULTS", 10);
  std::map<std::string, unsigned> faults;
  unsigned sweeps = 0;
  for (unsigned done = 0; done < wanted; ++sweeps) {
    ASSERT_NO_FATAL_FAILURE(Begin());
    while (!IsFinished()) {
      ASSERT_NO_FATAL_FAILURE(WaitForAMoment());
      const std::string fault = done < wanted ? Disturb() : "";
      ASSERT_FALSE(HasFailure());
      if (fault.empty()) continue;
      ++faults[fault];
      ++done;
    }
    ASSERT_TRUE(StoredCurves(Database()) == curves) << "points were lost, doubled or changed in sweep " << sweeps;
    ASSERT_EQ(Table(), table);
  }
  for (const auto& [fault, count] : faults) std::printf("%s: %u\n", fault.c_str(), count);
  std::printf("%u faults in %u sweeps of %zu points each, all as in a calm one\n", wanted, sweeps, curves.size());
}

}  // namespace
}  // namespace ofsweep
