#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "coordinator/fair_order.h"
#include "coordinator/scheduler_records.h"

namespace ofsweep {

// The pending trials in the order in which they shall run: sweeps in FairOrder, a sweep's trials in its order. A trial
// stands in the queue of every sweep that holds it, so that pausing a sweep of a million trials is one step, and a
// shared trial runs as long as one of its sweeps may. All operations are O(log n).
class ReadyQueue {
 public:
  using Delayed = absl::btree_set<std::pair<TimeMs, TrialIndex>>;

  // By ascending indices, each before anything else of it.
  void AddSweep(SweepIndex sweep, const std::string& owner);
  void Insert(const TrialRecord& trial);
  void Remove(const TrialRecord& trial);
  // Only trials of open sweeps are found.
  void SetOpen(SweepIndex sweep, bool open);
  void SetPriority(SweepIndex sweep, int priority) { order_.SetPriority(sweep, priority); }
  // A slot is given to a trial in that sweep's turn; it is free again.
  void TakeSlot(SweepIndex sweep) { order_.TakeSlot(sweep); }
  void GiveSlotBack(SweepIndex sweep) { order_.GiveSlotBack(sweep); }

  // A trial that waits for its time before it is inserted.
  void Delay(TrialIndex trial, TimeMs not_before) { delayed_.insert({not_before, trial}); }
  void RemoveDelayed(TrialIndex trial, TimeMs not_before) { delayed_.erase({not_before, trial}); }
  // Takes out one trial whose time has come.
  std::optional<TrialIndex> PopDue(TimeMs now);
  const Delayed& delayed() const { return delayed_; }  // by time

  // The first place whose trial `accept`s, looking past trials that need CUDA when there is none.
  std::optional<Place> FindFirst(bool with_cuda, const std::function<bool(Place)>& accept) const;

  // Does a trial of any open sweep wait for a worker (with CUDA)?
  bool HasReady(bool needs_cuda) const { return order_.HasReady(needs_cuda); }
  const FairOrder& order() const { return order_; }
  // In one sweep, whatever its state: how many, and the position of the first.
  std::size_t CountReady(SweepIndex sweep, bool needs_cuda) const;
  std::optional<std::uint32_t> FirstReady(SweepIndex sweep) const;
  bool Contains(const TrialRecord& trial) const;

 private:
  struct SweepQueue {
    bool open = false;
    absl::btree_set<std::uint32_t> positions[2];  // by needs_cuda
  };
  void Refresh(SweepIndex sweep, bool needs_cuda);

  std::vector<SweepQueue> queues_;  // by sweep
  FairOrder order_;                 // of the open ones with somebody in their queues
  Delayed delayed_;
};

}  // namespace ofsweep
