#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/wait_until.h"

namespace ofsweep {

// A child process with its output caught. Killed and collected with the object, whatever the test did.
class Process {
 public:
  // `arguments[0]` is the program. Standard input is empty. `environment` holds NAME=VALUE to add to this process's.
  explicit Process(std::vector<std::string> arguments, std::vector<std::string> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // Everything written so far.
  std::string Out() const;
  std::string Err() const;

  // Waits until standard output (or error) holds `text`; false when the process ended or time ran out without it.
  bool WaitForOut(const std::string& text, std::chrono::milliseconds patience = kPatience);
  bool WaitForErr(const std::string& text, std::chrono::milliseconds patience = kPatience);

  void Signal(int signal) const;

  // Waits for the end: the exit code, or minus the signal that killed it. A process that does not end in time is
  // killed, which is told as -SIGKILL.
  int Wait(std::chrono::milliseconds patience = kPatience);

 private:
  void Read();
  // Appends what can be read; false at the end of the stream.
  bool ReadSome(int fd, std::string Process::*stream);
  bool WaitFor(std::string Process::*stream, const std::string& text, std::chrono::milliseconds patience);

  pid_t pid_ = -1;
  int out_fd_ = -1, err_fd_ = -1;
  mutable absl::Mutex mutex_;
  std::string out_ ABSL_GUARDED_BY(mutex_), err_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;  // both streams ended
  int result_ = 0;
  bool collected_ = false;
  std::thread reader_;
};

// Runs a program to its end.
struct Finished {
  int exit_code = 0;
  std::string out, err;
};
Finished RunToEnd(std::vector<std::string> arguments, std::vector<std::string> environment = {},
                  std::chrono::milliseconds patience = kPatience);

// Processes whose parent is `parent` and whose executable is called `name`.
std::vector<pid_t> ChildrenCalled(pid_t parent, const std::string& name);

}  // namespace ofsweep
