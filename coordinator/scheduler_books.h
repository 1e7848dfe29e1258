#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "coordinator/scheduler_queue.h"
#include "coordinator/scheduler_records.h"

namespace ofsweep {

// Whether a sweep's trials start, and why not. Of a trial that several sweeps hold, the first of these that one of them
// has.
enum class SweepGate { kOpen, kPaused, kOtherSweepsOnly, kEnded };

// The sweeps, their trials, and the queues in which these wait. Whatever counts and queues rest on changes here alone,
// so that they always agree with the trials.
class Books {
 public:
  // Trials of `only_sweep` alone may start; empty: of every sweep.
  explicit Books(std::string only_sweep) : only_sweep_(std::move(only_sweep)) {}

  // ---- what there is ----

  const std::vector<SweepRecord>& sweeps() const { return sweeps_; }  // oldest first
  const std::vector<TrialRecord>& trials() const { return trials_; }
  const TrialRecord& trial(TrialIndex index) const { return trials_[index]; }
  TrialIndex IndexAt(Place place) const { return sweeps_[place.sweep].trials[place.position]; }
  const TrialRecord& TrialAt(Place place) const { return trials_[IndexAt(place)]; }
  const SweepRecord* FindSweep(const std::string& name) const;
  absl::StatusOr<SweepIndex> FindSweepIndex(const std::string& name) const;  // NotFound
  const TrialRecord* FindTrial(const std::string& trial_id) const;
  std::optional<TrialIndex> FindTrialIndex(const std::string& trial_id) const;
  std::vector<std::string> SweepNames(const TrialRecord& trial) const;
  const ReadyQueue& queue() const { return queue_; }
  std::size_t paused_sweeps() const { return paused_sweeps_; }

  // Trials of that owner that wait or run, for each of their sweeps.
  std::uint64_t UnfinishedOf(const std::string& owner) const;
  // A sweep that is active or paused holds it.
  bool IsWanted(const TrialRecord& trial) const;
  bool IsIn(const TrialRecord& trial, SweepIndex sweep) const;
  SweepGate GateOf(const SweepRecord& sweep) const;
  SweepGate GateOf(const TrialRecord& trial) const;
  // One of its sweeps is of those that this process is about.
  bool IsOurs(const TrialRecord& trial) const;
  const std::string& only_sweep() const { return only_sweep_; }
  // The oldest live sweep that holds it, or the oldest: for which its slot counts where no turn says it.
  SweepIndex OldestLive(const TrialRecord& trial) const;
  // What the sweeps that hold it want kept of it: the most that one of them does.
  KeepCheckpoints KeepOf(const TrialRecord& trial) const;

  // ---- changes ----

  // Its name must be new; room is made for so many trials.
  SweepIndex AddSweep(std::string name, std::string owner, SweepAttributes attributes, SweepState state,
                      TimeMs submitted_at, std::size_t trials);
  void SetAttributes(SweepIndex index, SweepAttributes attributes);
  // The trial of that id is in that place now; made, pending, when there was none.
  TrialIndex AddTrial(const NewTrial& trial, Place place);

  // Its state, steps, places and `stopping` change by the methods below alone.
  TrialRecord& trial(TrialIndex index) { return trials_[index]; }

  // A pending trial stands in its queues from its `not_before` on, which is to be set first.
  void SetState(TrialIndex index, TrialState to, TimeMs now);
  // While an attempt is stopping its trial stands in no queue.
  void SetStopping(TrialIndex index, bool stopping, TimeMs now);
  // Those whose time has come stand in their queues.
  void PromoteDue(TimeMs now);

  // True when it was in another state.
  bool SetSweepState(SweepIndex index, SweepState state);

  // A leased trial's slot counts for that sweep, and no more when the lease has ended.
  void TakeSlot(TrialIndex index, SweepIndex sweep);
  void GiveSlotBack(TrialIndex index);

  // It has done at least this many updates.
  void RecordStep(TrialIndex index, std::int64_t step);
  // All of its points through this step are stored.
  void RecordStored(TrialIndex index, std::int64_t step);
  // Its newest attempt begins at `from_step`. False where the curve would have a gap: that lies beyond what is stored.
  bool Begin(TrialIndex index, std::int64_t from_step);

  // What is wrong with them; "" as long as there is no bug. Reads everything: for tests.
  std::string Inconsistency() const;

 private:
  void Count(const TrialRecord& trial, TrialState from, TrialState to);
  void SetStep(TrialRecord& trial, std::int64_t step);
  bool IsOurs(const SweepRecord& sweep) const { return only_sweep_.empty() || only_sweep_ == sweep.name; }
  void Dequeue(TrialIndex index);
  void Enqueue(TrialIndex index, TimeMs now);
  std::string TrialInconsistency(const TrialRecord& trial, TrialIndex index) const;
  std::string SweepInconsistency(const SweepRecord& sweep, SweepIndex index) const;

  std::string only_sweep_;
  std::vector<SweepRecord> sweeps_;
  std::size_t paused_sweeps_ = 0;
  std::vector<TrialRecord> trials_;
  absl::flat_hash_map<std::string, SweepIndex> sweep_by_name_;
  absl::flat_hash_map<std::string, TrialIndex> trial_by_id_;
  ReadyQueue queue_;
};

}  // namespace ofsweep
