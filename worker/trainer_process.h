#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/unique_fd.h"
#include "worker/verdict.h"

namespace ofsweep {

struct TrainerCommand {
  std::vector<std::string> arguments;    // the first is the path of the program
  std::vector<std::string> environment;  // "KEY=value", beside the agent's own
  int stdout_fd = -1;
  int stderr_fd = -1;
};

// A trainer as its attempt sees it: a process, or what a simulation of workers has in its place.
class Trainer {
 public:
  virtual ~Trainer() = default;

  // Becomes readable when it has ended.
  virtual int exit_fd() const = 0;
  virtual void Signal(int signal) const = 0;
  // Waits for the end. Call once.
  virtual ExitStatus Reap() const = 0;
};

using StartTrainer = std::function<absl::StatusOr<std::unique_ptr<Trainer>>(const TrainerCommand&)>;

// A child process, leader of a process group of its own: a Ctrl-C at the terminal reaches the agent alone, which then
// decides.
class TrainerProcess final : public Trainer {
 public:
  // NotFound, PermissionDenied or Internal name the program and the reason. The child is killed when the calling thread
  // ends, however it ends; its standard input is empty, its signals are at their defaults, and it inherits no other
  // file of the agent.
  static absl::StatusOr<TrainerProcess> Start(const TrainerCommand& command);

  TrainerProcess(TrainerProcess&&) = default;
  TrainerProcess& operator=(TrainerProcess&&) = default;

  // By pidfd_open: no SIGCHLD, no race with a reused process id.
  int exit_fd() const override { return pidfd_.get(); }
  pid_t pid() const { return pid_; }

  // To the whole group.
  void Signal(int signal) const override;
  // Also kills what is left of the group.
  ExitStatus Reap() const override;

 private:
  TrainerProcess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_;
  UniqueFd pidfd_;
};

// What a worker starts unless it is told otherwise: TrainerProcess::Start.
absl::StatusOr<std::unique_ptr<Trainer>> StartTrainerProcess(const TrainerCommand& command);

}  // namespace ofsweep
