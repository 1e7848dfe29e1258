// kill -9 of a trainer, the worker or the coordinator at random moments of a sweep: what was killed is started again,
// and in the end the database and the table are those of an undisturbed sweep. No point is lost, none is doubled.
//
// OFSWEEP_CHAOS_ROUNDS is the number of rounds for each target (2 by default), OFSWEEP_CHAOS_SEED where they start (1).

#include <gmock/gmock.h>
#include <signal.h>

#include <cstdlib>
#include <random>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

unsigned FromEnvironment(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::stoul(text));
}

enum class Target { kTrainer, kWorker, kCoordinator };

std::string NameOf(const testing::TestParamInfo<Target>& info) {
  return info.param == Target::kTrainer ? "Trainer" : info.param == Target::kWorker ? "Worker" : "Coordinator";
}

class Chaos : public SweepFixture, public testing::WithParamInterface<Target> {
 protected:
  // Two trials at once on two slots, two that follow.
  const TinySweep sweep_{.steps = 300, .measure_every = 2};

  std::string Table() const {
    return Command({"table", sweep_.name, "--format", "csv", "--metrics",
                    "train_loss,eval_loss,kurtosis_max,kurtosis_peak"})
        .out;
  }

  // Kills the target; false when there was nothing to kill at the moment.
  bool Kill(std::mt19937& random) {
    if (GetParam() == Target::kTrainer) {
      const auto trainers = ChildrenCalled(worker_->pid(), "ofsweep-trainer");
      return !trainers.empty() && kill(trainers[random() % trainers.size()], SIGKILL) == 0;
    }
    Process& victim = GetParam() == Target::kWorker ? *worker_ : *coordinator_;
    victim.Signal(SIGKILL);
    EXPECT_EQ(victim.Wait(), -SIGKILL);
    if (GetParam() == Target::kWorker) {
      StartWorker();
    } else {
      StartCoordinator();
    }
    return true;
  }

  // A sweep on fresh folders with the target killed once at a random moment, or never.
  void RunSweep(std::mt19937* random, long all_points) {
    worker_.reset();
    coordinator_.reset();
    for (const char* folder : {"data", "worker"}) std::filesystem::remove_all(Path(folder));
    StartCoordinator();
    ASSERT_EQ(Command({"submit", Path("tiny.yaml")}).exit_code, 0);
    StartWorker();
    // The watch lives through all of it: it waits for a coordinator that is away.
    Process watch({kOfsweep, "watch", sweep_.name, "--coordinator", grpc_});
    ASSERT_TRUE(watch.WaitForOut("started")) << watch.Err() << worker_->Err();
    if (random != nullptr) {
      const long moment = std::uniform_int_distribution<long>(0, all_points * 8 / 10)(*random);
      ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) >= moment; })) << worker_->Err();
      ASSERT_TRUE(WaitUntil([&] { return Kill(*random); }));
    }
    ASSERT_EQ(watch.Wait(), 0) << watch.Out() << watch.Err() << worker_->Err();
  }
};

TEST_P(Chaos, EndsWithTheDatabaseAndTheTableOfAnUndisturbedSweep) {
  WriteSpec(sweep_);
  ASSERT_NO_FATAL_FAILURE(RunSweep(nullptr, 0));
  const auto curves = StoredCurves(Path("data/ofsweep.db"));
  const std::string table = Table();
  const long points = CountPoints(Path("data/ofsweep.db"));
  ASSERT_GT(points, 1000);

  const unsigned seed = FromEnvironment("OFSWEEP_CHAOS_SEED", 1), rounds = FromEnvironment("OFSWEEP_CHAOS_ROUNDS", 2);
  for (unsigned round = 0; round < rounds; ++round) {
    SCOPED_TRACE("OFSWEEP_CHAOS_SEED=" + std::to_string(seed + round));
    std::mt19937 random(seed + round);
    ASSERT_NO_FATAL_FAILURE(RunSweep(&random, points));
    EXPECT_TRUE(StoredCurves(Path("data/ofsweep.db")) == curves) << "points were lost, doubled or changed";
    EXPECT_EQ(CountPoints(Path("data/ofsweep.db")), points);
    EXPECT_EQ(Table(), table);
  }
}

INSTANTIATE_TEST_SUITE_P(Kill9, Chaos, testing::Values(Target::kTrainer, Target::kWorker, Target::kCoordinator),
                         NameOf);

}  // namespace
}  // namespace ofsweep
