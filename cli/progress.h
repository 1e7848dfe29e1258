#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// What the lines of a display may use.
struct DisplayStyle {
  std::size_t width = 80;  // no line is longer
  std::size_t height = 24;
  bool colour = false;  // ANSI colours
  bool bars = true;     // progress bars, for people who look at it live
  bool unicode = true;  // blocks, of which bars and sparklines are drawn
};

// What to show after a message of WatchSweep.
struct ProgressFrame {
  std::vector<std::string> scrolled;  // to stay: what happened since the last frame, each once
  std::vector<std::string> live;      // the present state, which replaces that of the last frame
};

// The newest values of kurtosis_max of each running trial, as the messages of WatchSweep told them.
class KurtosisHistory {
 public:
  static constexpr std::size_t kMost = 8;

  void Note(const v1::TrialProgress& trial);
  void Forget(const std::string& trial_id) { curves_.erase(trial_id); }
  // Oldest first.
  std::vector<double> Of(const std::string& trial_id) const;

 private:
  struct Curve {
    std::uint32_t step = 0;
    std::vector<double> values;
  };
  std::map<std::string, Curve> curves_;
};

// Turns the messages of WatchSweep into lines: no clock, no terminal. A watch that reconnects goes on with the same
// object, and repeats nothing.
class Progress {
 public:
  // `elapsed` is seconds since the watch began. Every trial that finished scrolls up once, with its outcome and last
  // values; those that had finished before the first message are summed up in one line when they are many.
  ProgressFrame Update(const v1::WatchSweepResponse& message, double elapsed, const DisplayStyle& style);

 private:
  std::vector<std::string> NewlyFinished(const v1::WatchSweepResponse& message, const DisplayStyle& style);

  std::set<std::string> reported_;  // trials that scrolled up
  KurtosisHistory kurtosis_;
  bool first_ = true;
};

// The same for a log file: a line when a trial starts or finishes, and the present state when at least 10 seconds went
// by and 5 % more is done, or a minute went by.
class LineProgress {
 public:
  std::vector<std::string> Update(const v1::WatchSweepResponse& message, double elapsed);

 private:
  Progress progress_;
  std::set<std::string> started_;  // "trial worker" of attempts already announced
  double last_elapsed_ = 0;
  double last_fraction_ = 0;
  std::string last_state_;
};

// "completed  model.block=op  eval loss 3.380  kurtosis 1.412  600 steps in 1:16".
std::string FinishedLine(const v1::Trial& trial, const DisplayStyle& style);

// Labels of at most `width` characters that still tell the trials apart as far as that is possible: whole keys where
// they fit, else their last component, else the values alone; then with what all of them share at the end.
std::vector<std::string> FitLabels(const std::vector<std::string>& labels, std::size_t width);

}  // namespace ofsweep
