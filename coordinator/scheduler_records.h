#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/scheduler_pace.h"
#include "experiment/sweep_attributes.h"
#include "experiment/trial_state.h"
#include "storage/store.h"

namespace ofsweep {

using SweepIndex = std::uint32_t;
using TrialIndex = std::uint32_t;
using WorkerIndex = std::uint32_t;
inline constexpr WorkerIndex kNoWorker = ~WorkerIndex{0};
inline constexpr SweepIndex kNoSweep = ~SweepIndex{0};

// A trial as a new sweep brings it.
struct NewTrial {
  std::string trial_id;
  std::int64_t target_steps = 0;
  bool needs_cuda = false;
  std::string data_fingerprint;  // of all that it reads, where that is known
};

// A trial's place in one of its sweeps.
struct Place {
  SweepIndex sweep = 0;
  std::uint32_t position = 0;
};

// What keeps a pending trial out of its queues.
enum class TrialHold { kNone, kStopping, kRetryTime };

struct TrialRecord {
  std::string id;
  std::vector<Place> places;  // oldest sweep first
  std::int64_t target_steps = 0;
  std::int64_t step = 0;
  bool needs_cuda = false;

  TrialState state = TrialState::kPending;
  int attempts = 0;
  int failures = 0;  // that count against it

  // The newest attempt. Its lease is (worker, the worker's expiry, generation): an owner's call renews all of its
  // leases at once.
  std::uint64_t generation = 0;
  WorkerIndex worker = kNoWorker;
  TimeMs started_at = 0;
  SweepIndex in_turn_of = kNoSweep;  // the sweep that its slot counts for, while it is leased
  // The worker has reported it or sent its points, or may have, to an earlier incarnation; before that, its absence
  // from a report means only that the assignment has not arrived.
  bool known = false;
  // The attempt ended because its worker fell silent, and nobody has it since: should the worker come back, it may go
  // on.
  bool adoptable = false;
  // The trial is not running any more, but its worker still holds the attempt: it was told to stop, and writes its
  // checkpoint. It keeps its lease and its slot, its points are taken, and nobody else begins until it has ended.
  bool stopping = false;
  // The curve is stored without a gap through this step, and its end is of that attempt: no later checkpoint may be
  // continued from, and none of another training.
  std::int64_t stored_through = 0;
  std::uint64_t curve_generation = 0;

  // Of all that it reads; empty before it was submitted or trained where that can be seen, and for ever of a trial that
  // an earlier version trained.
  std::string data_fingerprint;
  TrialPace pace;
  // Workers whose files are not those that the trial is of, and since when that is known; and how the last one put it.
  std::vector<std::pair<WorkerIndex, TimeMs>> other_data_on;
  std::string other_data;

  WorkerIndex crashed_on = kNoWorker;  // the last time

  // Of a trial that is pending after a failure.
  FailureClass last_failure = FailureClass::kNone;
  TimeMs not_before = 0;
  TimeMs avoid_until = 0;  // until then not on `worker`, where another would do

  TrialHold HoldAt(TimeMs now) const {
    if (stopping) return TrialHold::kStopping;
    return not_before > now ? TrialHold::kRetryTime : TrialHold::kNone;
  }
  // The newest attempt's trainer has said where it began.
  bool begun() const { return curve_generation == generation; }
  // A worker has a lease on the newest attempt.
  bool is_leased() const { return state == TrialState::kRunning || stopping; }
  // It was given up because its worker was silent, and nobody has it since.
  bool was_lost() const { return state == TrialState::kPending && adoptable; }
  bool IsHeldBy(WorkerIndex by, std::uint64_t attempt) const {
    return is_leased() && worker == by && generation == attempt;
  }
  bool WasLostBy(WorkerIndex by, std::uint64_t attempt) const {
    return was_lost() && worker == by && generation == attempt;
  }
  // Its worker may store points of it.
  bool MayWrite(std::uint64_t attempt) const { return (is_leased() || was_lost()) && generation == attempt; }
  // False for an attempt that this database has never heard of: it was restored from a copy that is older.
  bool Knows(std::uint64_t attempt) const { return attempt <= generation; }
  // Not heard of, and the trial is still to be trained: its report makes it the newest.
  bool MayAdopt(std::uint64_t attempt) const { return !Knows(attempt) && !IsTerminal(state); }
};

struct SweepRecord {
  std::string name;
  std::string owner;  // "" where callers had no names
  SweepAttributes attributes;
  SweepState state = SweepState::kActive;
  TimeMs submitted_at = 0;
  std::vector<TrialIndex> trials;         // in the sweep's order
  std::array<std::uint64_t, 7> counts{};  // by TrialState
  std::int64_t steps_done = 0;
  std::int64_t steps_to_do = 0;  // of trials without a final state

  bool live() const { return state == SweepState::kActive || state == SweepState::kPaused; }
  std::uint64_t count(TrialState trial_state) const { return counts[static_cast<std::size_t>(trial_state)]; }
  std::uint64_t unfinished() const { return count(TrialState::kPending) + count(TrialState::kRunning); }
};

// A trial's change of state, for users, telemetry and logs.
struct Transition {
  TrialIndex index = 0;
  std::string trial_id;
  std::vector<std::string> sweeps;
  std::string worker;
  TrialState from = TrialState::kPending;
  TrialState to = TrialState::kPending;
  FailureClass why = FailureClass::kNone;
  bool lease_expired = false;
  std::string reason;  // "crash on host-a (1 of 3), again in 10 s: segmentation fault"
};

}  // namespace ofsweep
