#include "agent_fixture.h"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

const std::string kTrainer = OFSWEEP_SOURCE_DIR "/tests/worker/scripted_trainer.py";

}  // namespace

void AgentTest::SetUp() {
  const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  data_dir_ =
      (fs::path(testing::TempDir()) / absl::StrCat("agent-", ::getpid(), "-", name)).lexically_normal().string();
  fs::remove_all(data_dir_);
}

void AgentTest::TearDown() {
  StopAgent();
  fs::remove_all(data_dir_);
}

AgentOptions AgentTest::Options() const {
  return {.data_dir = data_dir_, .slots = 2, .trainer_path = kTrainer, .max_backoff = std::chrono::milliseconds(100)};
}

void AgentTest::StartAgent(AgentOptions options) {
  absl::StatusOr<std::unique_ptr<Agent>> agent =
      Agent::Create(std::move(options), DialCoordinator(coordinator_.address(), {}, WorkerChannelArguments()).value());
  ASSERT_TRUE(agent.ok()) << agent.status();
  agent_ = *std::move(agent);
  thread_ = std::jthread([this](std::stop_token stop) {
    const absl::Status status = agent_->Run(std::move(stop));
    EXPECT_TRUE(status.ok()) << status;
  });
}

void AgentTest::StopAgent() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  agent_.reset();
}

TrainerProcess AgentTest::StartAgentProcess() {
  absl::StatusOr<TrainerProcess> process = TrainerProcess::Start(
      {.arguments = {OFSWEEP_TEST_AGENT, data_dir_, coordinator_.address(), kTrainer}, .stdout_fd = 1, .stderr_fd = 2});
  EXPECT_TRUE(process.ok()) << process.status();
  return *std::move(process);
}

void AgentTest::Let(const std::string& trial_id, const std::string& name) const {
  std::ofstream file(TrialFile(trial_id, name));
}

bool AgentTest::WaitForFile(const std::string& trial_id, const std::string& name) const {
  return WaitUntil([&] { return fs::exists(TrialFile(trial_id, name)); });
}

pid_t AgentTest::TrainerPid(const std::string& trial_id) const {
  EXPECT_TRUE(WaitForFile(trial_id, "pid"));
  return std::stoi(ReadFile(TrialFile(trial_id, "pid")));
}

bool AgentTest::WaitForOutboxToBeEmpty() const {
  return WaitUntil([&] { return fs::is_empty(data_dir_ + "/outbox"); });
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace ofsweep
