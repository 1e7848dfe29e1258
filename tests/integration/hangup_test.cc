// A terminal that is closed under a program: SIGHUP, and output that goes nowhere.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tests/integration/sweep_fixture.h"
#include "tests/is_gone.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;

// A program at a terminal of its own, which somebody reads until it is closed.
class Terminal {
 public:
  explicit Terminal(std::vector<std::string> arguments) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      execv(pointers[0], pointers.data());
      _exit(127);
    }
    fcntl(terminal_, F_SETFD, FD_CLOEXEC);
    reader_ = std::jthread([this](const std::stop_token& stop) {
      char buffer[4096];
      pollfd readable{terminal_, POLLIN, 0};
      while (!stop.stop_requested()) {
        if (poll(&readable, 1, 20) > 0 && read(terminal_, buffer, sizeof buffer) <= 0) return;
      }
    });
  }
  ~Terminal() {
    Close();
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }

  void Close() {
    if (terminal_ < 0) return;
    reader_.request_stop();
    reader_.join();
    close(terminal_);
    terminal_ = -1;
  }

 private:
  int terminal_ = -1;
  pid_t pid_ = -1;
  std::jthread reader_;
};

std::string TextOf(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Hangup : public SweepFixture {
 protected:
  // Files below the folder of the trials whose path holds `part`.
  std::vector<std::filesystem::path> TrialFiles(const std::string& part) const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("data/trials"))) {
      if (entry.path().string().find(part) != std::string::npos) files.push_back(entry.path());
    }
    return files;
  }

  std::vector<std::string> Run(const std::string& spec) const {
    return {kOfsweep, "run", spec, "--data-dir", Path("data"), "--slots", "1"};
  }
};

// The shell dies with its terminal, and the kernel tells the foreground processes twice: when the terminal goes, and
// when the shell does. Checkpoints are far apart, so that there is one only if the trainer was stopped cleanly.
TEST_F(Hangup, ARunWhoseTerminalIsClosedWritesItsCheckpointsAndTheNextRunContinues) {
  const std::string spec =
      WriteSpec({.steps = 1500, .measure_every = 10, .checkpoint_every = 1'000'000, .grid = "{seed: [0]}"});
  std::vector<std::string> arguments = {"/bin/sh", "-c", "\"$@\"; true", "sh"};
  for (const std::string& argument : Run(spec)) arguments.push_back(argument);
  Terminal terminal(arguments);
  ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > 100; }));
  const std::vector<pid_t> runs = ChildrenCalled(terminal.pid(), "ofsweep");
  ASSERT_EQ(runs.size(), 1u);
  terminal.Close();
  ASSERT_TRUE(WaitUntil([&] { return IsGone(runs[0]); }));
  ASSERT_EQ(TrialFiles("/checkpoint-").size(), 1u);

  Process continued(Run(spec));
  EXPECT_EQ(continued.Wait(), 0) << continued.Err();
  EXPECT_THAT(TextOf(TrialFiles("/attempt-2.log").at(0)), HasSubstr("continuing from step"));
}

TEST_F(Hangup, ACoordinatorAndAWorkerStopCleanly) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({.steps = 100'000, .grid = "{seed: [0]}"})}).exit_code, 0);
  StartWorker();
  ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > 0; })) << worker_->Err();
  worker_->Signal(SIGHUP);
  EXPECT_EQ(worker_->Wait(), 0);
  EXPECT_THAT(worker_->Err(), HasSubstr("preempted"));
  coordinator_->Signal(SIGHUP);
  EXPECT_EQ(coordinator_->Wait(), 0);
}

TEST_F(Hangup, UnderNohupACoordinatorGoesOn) {
  Process coordinator(
      {"/usr/bin/nohup", kOfsweep, "coordinator", "--data-dir", Path("data"), "--grpc", grpc_, "--http", http_});
  ASSERT_TRUE(coordinator.WaitForOut("\n")) << coordinator.Err();
  coordinator.Signal(SIGHUP);
  const std::string status = TextOf("/proc/" + std::to_string(coordinator.pid()) + "/status");
  const std::uint64_t ignored = std::stoull(status.substr(status.find("SigIgn:") + 7), nullptr, 16);
  EXPECT_TRUE(ignored & (1u << (SIGHUP - 1))) << status;
  coordinator.Signal(SIGTERM);
  EXPECT_EQ(coordinator.Wait(), 0);
}

}  // namespace
}  // namespace ofsweep
