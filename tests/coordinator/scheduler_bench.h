#pragma once

#include <string>
#include <vector>

#include "coordinator/scheduler.h"
#include "coordinator/scheduler_reasons.h"

namespace ofsweep {

// A scheduler with a clock moved by hand and workers whose reports are one line each.
class SchedulerBench {
 public:
  static constexpr TimeMs kSecond = 1000;

  void Submit(const std::string& sweep, const std::vector<std::string>& trials, bool needs_cuda = false,
              SweepAttributes attributes = {}, const std::string& owner = "");
  // The worker reports `attempts`; the clock moves on by a second.
  SynchronizeAnswer Call(const std::string& worker, int slots, std::vector<AttemptReport> attempts = {},
                         const std::string& device = "cpu");
  void Wait(TimeMs duration);

  TrialState StateOf(const std::string& trial) const { return scheduler.books().FindTrial(trial)->state; }
  int FailuresOf(const std::string& trial) const { return scheduler.books().FindTrial(trial)->failures; }
  std::string Reason(const std::string& sweep) const {
    return WhyWaits(scheduler.state(), *scheduler.books().FindSweep(sweep), now);
  }

  SchedulerOptions options;
  Scheduler scheduler{options};
  TimeMs now = 1'000'000'000;
  Decision last;  // what the newest event decided
};

AttemptReport Running(const std::string& trial, std::uint64_t generation);
// It runs, and has said where it began.
AttemptReport Begun(const std::string& trial, std::uint64_t generation, std::int64_t from_step,
                    std::uint64_t continued_generation = 0);
AttemptReport Ended(const std::string& trial, std::uint64_t generation, AttemptOutcome outcome);
AttemptReport Failed(const std::string& trial, std::uint64_t generation, FailureClass failure);
// "trial:generation" of each.
std::vector<std::string> Names(const std::vector<AttemptStart>& starts);
std::vector<std::string> Names(const std::vector<Holding>& holdings);

}  // namespace ofsweep
