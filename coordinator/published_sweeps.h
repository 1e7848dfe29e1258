#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "coordinator/commit_log.h"
#include "coordinator/scheduler.h"
#include "experiment/trial_state.h"

namespace ofsweep {

struct PublishedSweep {
  std::string name;
  TimeMs submitted_at = 0;
  SweepState state = SweepState::kActive;
  std::uint32_t size = 0;                   // its trials; an update appends some
  std::array<std::uint64_t, 7> counts{};    // by TrialState
  std::vector<std::uint32_t> finished_log;  // positions, as they reached a final state; it only grows
  std::uint64_t first_end = 0;              // the number of the log's first entry; what was told before has lower ones
};

// What users are told of sweeps: what a restart keeps. The scheduler runs ahead of it by the decisions that are on
// their way to the disk. Sweeps and trials go by the scheduler's indices; what never changes of them is read there.
class PublishedSweeps {
 public:
  // Takes over what the scheduler knows, all of which must be stored. Begins anew where that is not what this has and
  // more sweeps, because one was deleted or updated.
  void CatchUp(const Scheduler& scheduler);
  // Of a stored decision, when all earlier ones were applied.
  void Apply(const Scheduler& scheduler, const PendingDecision& decision);

  const std::vector<PublishedSweep>& sweeps() const { return sweeps_; }  // oldest first
  // With the worker that trains it.
  const absl::btree_map<TrialIndex, std::string>& running() const { return running_; }

 private:
  bool IsContinuedBy(const Scheduler& scheduler) const;
  // A sweep that this has, or its next one, gets its first `size` trials.
  void Grow(const Scheduler& scheduler, SweepIndex index, std::size_t size);
  void SetState(const Scheduler& scheduler, TrialIndex index, TrialState to, const std::string& worker);

  std::vector<PublishedSweep> sweeps_;
  std::vector<TrialState> trials_;
  absl::btree_map<TrialIndex, std::string> running_;
  std::uint64_t first_end_ = 0;  // of sweeps to come
  // A sweep that was here was updated: read anew, its trials have other numbers.
  bool has_grown_ = false;
};

}  // namespace ofsweep
