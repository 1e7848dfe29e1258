#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "cli/progress.h"
#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// The size and abilities of the terminal behind `fd`; none when it is no terminal that can redraw (a file, a pipe,
// TERM=dumb). NO_COLOR (no-color.org) turns colours off.
std::optional<DisplayStyle> DetectTerminal(int fd);

// Writes progress to a terminal, redrawn in place, or line by line to anything else. May be called from several
// threads.
class ProgressDisplay {
 public:
  // `fd` is what `out` writes to. It is asked for its size at every message, so that a resized window is used.
  ProgressDisplay(std::ostream& out, int fd);
  // Removes the live lines.
  ~ProgressDisplay();

  void Show(const v1::WatchSweepResponse& message);

  // A line above the live ones: a warning.
  void Print(const std::string& line);

  // A line in place of the live ones: they are true no longer, until the next message.
  void PrintAway(const std::string& line);

 private:
  void Redraw(const std::vector<std::string>& above, std::vector<std::string> live)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::ostream& out_ ABSL_GUARDED_BY(mutex_);
  const int fd_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Progress progress_ ABSL_GUARDED_BY(mutex_);
  LineProgress line_progress_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> live_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ofsweep
