#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace ofsweep {

// Runs a shell command for each sweep that has ended, one after the other, on a thread of its own: its standard input
// is what there is to say of the sweep, its environment has OFSWEEP_SWEEP, and its output goes where the coordinator's
// log goes. One that fails, or takes longer than five minutes, is named in the log, and not run again.
class SweepEndCommand {
 public:
  // `describe`: what the command reads, a line of JSON. Called on the thread of this object.
  using Describe = std::function<absl::StatusOr<std::string>(const std::string& sweep)>;
  SweepEndCommand(std::string command, Describe describe);
  // What is queued is dropped; a command that runs has five seconds to end, then it is killed.
  ~SweepEndCommand();

  // Returns at once.
  void Run(std::string sweep);

 private:
  void Loop();
  absl::Status RunOne(const std::string& sweep);

  const std::string command_;
  const Describe describe_;
  absl::Mutex mutex_;
  std::deque<std::string> ended_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;   // with a sweep that has left the queue
  bool hurry_ ABSL_GUARDED_BY(mutex_) = false;  // the time to end is over
  pid_t running_ ABSL_GUARDED_BY(mutex_) = 0;   // its command; 0: none
  std::thread thread_;                          // the last member: it uses the others
};

}  // namespace ofsweep
