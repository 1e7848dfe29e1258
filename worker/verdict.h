#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "experiment/attempt.h"

namespace ofsweep {

// Why the agent ended a trainer.
enum class StopReason {
  kNone,
  kCancelled,   // no longer assigned
  kShutdown,    // the agent is ending
  kSilent,      // no output for too long
  kDisk,        // data_dir is full
  kUnreadable,  // its outbox cannot be read
  kLostEvent,   // a line of its outbox is damaged or missing, or means nothing here
  kRefused,     // the coordinator does not accept its points
};

// What the kernel said about a process that is gone.
struct ExitStatus {
  int code = 0;
  int signal = 0;              // 0: it exited by itself
  bool out_of_memory = false;  // the kernel has killed for memory while it ran
  bool vanished = false;       // it ended with an agent that was killed: neither code nor signal are known
};

// "exited with code 3", "was killed by signal 9 (SIGKILL)".
std::string DescribeExit(const ExitStatus& exit);

// What is known of an attempt once its process is gone.
struct Evidence {
  std::optional<AttemptEnd> said;  // by the trainer itself
  StopReason stop = StopReason::kNone;
  std::string stop_message;  // for kSilent, kDisk, kUnreadable, kLostEvent and kRefused
  ExitStatus exit;
  bool disk_full = false;  // when the process had gone, or as it said by its exit code
  std::string full_folder;
  std::string log_path;
  std::string log_tail;  // its last lines
  std::int64_t step = 0;
  double wall_seconds = 0;
};

// A trainer that said `finished` has finished; else the reason for which it was stopped counts, then what it said
// itself, then what the kernel said. What a full disk may have caused is preempted: the trial is not to blame.
AttemptEnd Judge(const Evidence& evidence);

// At most the last `max_lines` lines and 2 KiB of a text file; "" when there is none.
std::string ReadLogTail(const std::string& path, int max_lines = 8);

}  // namespace ofsweep
