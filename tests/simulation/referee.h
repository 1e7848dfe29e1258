#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/scheduler.h"

namespace ofsweep {

// Knows what really happened, and holds every decision against it. The first broken rule is kept in words.
class Referee {
 public:
  explicit Referee(const SchedulerOptions& options) : options_(options) {}

  // A trainer really ended so.
  void TrainerEnded(const AttemptName& name, const AttemptEnd& end) { ends_.insert_or_assign(name, end); }
  // These trials may leave their final state in the next decision: a user asked for it. Their budget of failures may be
  // fresh.
  void UserAskedFor(const std::string& trial_id) { asked_for_.insert(trial_id); }

  void Decided(const Decision& decision);
  // After the decision is on the disk and its answer about to be sent.
  void Told(const WorkerReport& report, const SynchronizeAnswer& answer);
  // A scheduler was rebuilt from the disk.
  void Restored(const Scheduler& scheduler);

  void Report(std::string violation);
  const std::string& violation() const { return violation_; }

 private:
  struct Trial {
    TrialState state = TrialState::kPending;
    std::uint64_t generation = 0;
    int failures = 0;
  };
  void CheckChange(const TrialChange& change);
  void CheckEnd(const AttemptRow& attempt);
  void CheckLists(const WorkerReport& report, const SynchronizeAnswer& answer);
  int Limit(FailureClass failure) const;

  const SchedulerOptions options_;
  std::map<std::string, Trial> trials_;
  std::map<AttemptName, AttemptEnd> ends_;
  std::set<AttemptName> running_;        // as decided
  std::set<AttemptName> recorded_;       // whose end was decided
  std::map<std::string, int> failures_;  // by trial, since its budget was fresh
  std::map<AttemptName, std::string> told_;
  std::map<std::string, std::uint64_t> newest_told_;
  std::set<std::string> asked_for_;
  std::string violation_;
};

}  // namespace ofsweep
