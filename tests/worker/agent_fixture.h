#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "fake_coordinator.h"
#include "tests/wait_until.h"
#include "worker/agent.h"
#include "worker/channel.h"
#include "worker/trainer_process.h"

namespace ofsweep {

// An agent with two slots on a thread of its own, a coordinator, and trainers that follow scripts.
class AgentTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  AgentOptions Options() const;
  void StartAgent(AgentOptions options);
  void StartAgent() { StartAgent(Options()); }
  // Returns when it has ended.
  void StopAgent();

  // The same as a process of its own, to be killed; it ends with this test at the latest.
  TrainerProcess StartAgentProcess();

  std::string TrialFile(const std::string& trial_id, const std::string& name) const {
    return data_dir_ + "/trials/" + trial_id + "/" + name;
  }
  // Makes the file that a script's "wait" waits for.
  void Let(const std::string& trial_id, const std::string& name) const;
  bool WaitForFile(const std::string& trial_id, const std::string& name) const;
  pid_t TrainerPid(const std::string& trial_id) const;
  bool WaitForOutboxToBeEmpty() const;

  std::string data_dir_;
  FakeCoordinator coordinator_;
  std::unique_ptr<Agent> agent_;
  std::jthread thread_;
};

std::string ReadFile(const std::string& path);

}  // namespace ofsweep
