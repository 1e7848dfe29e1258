// A worker as batch systems treat one: SIGUSR1 before the wall time, SIGTERM again and again, signals to all processes
// of a job, a time that is up, and nothing to do.

#include <gmock/gmock.h>
#include <signal.h>

#include <ctime>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class BatchWorker : public SweepFixture {
 protected:
  // With one slot, on the data folder "worker".
  void StartBatchWorker(std::vector<std::string> options = {}) {
    std::vector<std::string> arguments = {kOfsweep,  "worker", "--coordinator", grpc_,    "--data-dir", Path("worker"),
                                          "--slots", "1",      "--data-root",   Path(".")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    worker_ = std::make_unique<Process>(arguments);
    ASSERT_TRUE(worker_->WaitForOut("\n")) << worker_->Err();
  }

  // Checkpoints are far apart, so that there is one only of a trainer that was asked to stop.
  void SubmitLongTrial() {
    const std::string spec =
        WriteSpec({.steps = 100'000, .measure_every = 10, .checkpoint_every = 1'000'000, .grid = "{seed: [0]}"});
    ASSERT_EQ(Command({"submit", spec}).exit_code, 0);
  }

  bool WaitForPoints() {
    return WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > 100; });
  }

  std::vector<std::filesystem::path> Checkpoints() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("worker/trials"))) {
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
    }
    return files;
  }
};

TEST_F(BatchWorker, SignalsThatAreRepeatedChangeNothingAndNoWorkIsLost) {
  StartCoordinator();
  SubmitLongTrial();
  for (const int first : {SIGUSR1, SIGTERM}) {
    StartBatchWorker();
    const long before = CountPoints(Path("data/ofsweep.db"));
    ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > before + 100; })) << worker_->Err();
    for (const int signal : {first, SIGUSR1, SIGTERM, SIGUSR1, SIGTERM}) worker_->Signal(signal);
    EXPECT_EQ(worker_->Wait(), 0) << worker_->Err();
    EXPECT_THAT(worker_->Err(), AllOf(HasSubstr("preempted"), HasSubstr("its worker was stopped")));
    EXPECT_THAT(Checkpoints(), Not(IsEmpty()));
    EXPECT_TRUE(std::filesystem::is_empty(Path("worker/outbox")));
  }
  EXPECT_THAT(worker_->Err(), HasSubstr("from its checkpoint"));
  EXPECT_EQ(Show("tiny")["trials"].value("failed", 0), 0);
}

// scancel --signal=USR1 sends it to every process of the job.
TEST_F(BatchWorker, ATrainerOutlivesASignalThatIsMeantForItsWorker) {
  StartCoordinator();
  SubmitLongTrial();
  StartBatchWorker();
  ASSERT_TRUE(WaitForPoints()) << worker_->Err();
  const std::vector<pid_t> trainers = ChildrenCalled(worker_->pid(), "ofsweep-trainer");
  ASSERT_THAT(trainers, SizeIs(1));
  ::kill(trainers[0], SIGUSR1);
  worker_->Signal(SIGUSR1);
  EXPECT_EQ(worker_->Wait(), 0);
  EXPECT_THAT(worker_->Err(), HasSubstr("preempted"));
  EXPECT_THAT(Checkpoints(), SizeIs(1));
}

TEST_F(BatchWorker, ASecondInterruptOfAPersonEndsItAtOnce) {
  StartCoordinator();
  StartBatchWorker({"--stop-grace", "1000"});
  coordinator_->Signal(SIGSTOP);  // its goodbye is not heard
  worker_->Signal(SIGINT);
  ASSERT_TRUE(worker_->WaitForErr("stopping"));
  worker_->Signal(SIGTERM);
  worker_->Signal(SIGINT);
  EXPECT_EQ(worker_->Wait(std::chrono::seconds(5)), 1);
  coordinator_->Signal(SIGCONT);
}

TEST_F(BatchWorker, WithoutWorkItEndsByItself) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({.grid = "{seed: [0]}"})}).exit_code, 0);
  StartBatchWorker({"--exit-when-idle", "0.5"});
  EXPECT_EQ(worker_->Wait(), 0) << worker_->Err();
  EXPECT_EQ(Show("tiny")["state"], "finished");
  EXPECT_THAT(worker_->Err(), HasSubstr("nothing to do for 0.5 s"));
}

TEST_F(BatchWorker, WithoutACoordinatorItEndsByItselfWithAnError) {
  worker_ = std::make_unique<Process>(std::vector<std::string>{
      kOfsweep, "worker", "--coordinator", "127.0.0.1:1", "--data-dir", Path("worker"), "--exit-when-idle", "0.5"});
  EXPECT_EQ(worker_->Wait(), 1);
  EXPECT_THAT(worker_->Err(), HasSubstr("has not answered for 0.5 s"));
}

TEST_F(BatchWorker, AtTheEndOfItsTimeItStopsAndNothingStartsThereBefore) {
  StartCoordinator();
  SubmitLongTrial();
  // Ten seconds are for the last points, and a trial is not started in the last ten before these.
  StartBatchWorker({"--stop-grace", "2", "--until", std::to_string(std::time(nullptr) + 20)});
  ASSERT_TRUE(worker_->WaitForErr("stops at")) << worker_->Err();
  EXPECT_THAT(Command({"workers"}).out, HasSubstr("connected, stops at"));
  EXPECT_THAT(Command({"show", "tiny"}).out, HasSubstr("a worker with more time"));
  EXPECT_EQ(worker_->Wait(), 0) << worker_->Err();
  EXPECT_THAT(worker_->Err(), HasSubstr("time is up"));

  StartBatchWorker({"--stop-grace", "2", "--until", std::to_string(std::time(nullptr) + 28)});
  EXPECT_EQ(worker_->Wait(), 0) << worker_->Err();
  EXPECT_THAT(worker_->Err(), HasSubstr("preempted"));
  EXPECT_THAT(Checkpoints(), SizeIs(1));
}

TEST_F(BatchWorker, ATimeThatHasPassedIsAMistake) {
  const Finished worker = Ofsweep({"worker", "--data-dir", Path("worker"), "--until", "2020-01-01T00:00:00Z"});
  EXPECT_EQ(worker.exit_code, 2);
  EXPECT_THAT(worker.err, AllOf(HasSubstr("--until"), HasSubstr("2020-01-01T00:00:00")));
}

}  // namespace
}  // namespace ofsweep
