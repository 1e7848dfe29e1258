#include "coordinator/scheduler_queue.h"

#include <algorithm>

#include "coordinator/ordered_union.h"

namespace ofsweep {

void ReadyQueue::AddSweep(SweepIndex sweep, const std::string& owner) {
  queues_.resize(sweep + 1);
  order_.Add(sweep, owner);
}

void ReadyQueue::Insert(const TrialRecord& trial) {
  for (const Place place : trial.places) {
    queues_[place.sweep].positions[trial.needs_cuda].insert(place.position);
    Refresh(place.sweep, trial.needs_cuda);
  }
}

void ReadyQueue::Remove(const TrialRecord& trial) {
  for (const Place place : trial.places) {
    queues_[place.sweep].positions[trial.needs_cuda].erase(place.position);
    Refresh(place.sweep, trial.needs_cuda);
  }
}

void ReadyQueue::SetOpen(SweepIndex sweep, bool open) {
  queues_[sweep].open = open;
  Refresh(sweep, false);
  Refresh(sweep, true);
}

std::optional<TrialIndex> ReadyQueue::PopDue(TimeMs now) {
  if (delayed_.empty() || delayed_.begin()->first > now) return std::nullopt;
  const TrialIndex trial = delayed_.begin()->second;
  delayed_.erase(delayed_.begin());
  return trial;
}

std::optional<Place> ReadyQueue::FindFirst(bool with_cuda, const std::function<bool(Place)>& accept) const {
  static const absl::btree_set<std::uint32_t> kNone;
  std::optional<Place> found;
  order_.Visit(with_cuda, [&](SweepIndex sweep) {
    const auto& positions = queues_[sweep].positions;
    return VisitUnion(positions[false], with_cuda ? positions[true] : kNone, [&](std::uint32_t position) {
      const Place place{sweep, position};
      if (!accept(place)) return false;
      found = place;
      return true;
    });
  });
  return found;
}

std::size_t ReadyQueue::CountReady(SweepIndex sweep, bool needs_cuda) const {
  return queues_[sweep].positions[needs_cuda].size();
}

std::optional<std::uint32_t> ReadyQueue::FirstReady(SweepIndex sweep) const {
  for (const auto& positions : queues_[sweep].positions) {
    if (!positions.empty()) return *positions.begin();
  }
  return std::nullopt;
}

bool ReadyQueue::Contains(const TrialRecord& trial) const {
  return std::all_of(trial.places.begin(), trial.places.end(), [&](Place place) {
    return queues_[place.sweep].positions[trial.needs_cuda].contains(place.position);
  });
}

void ReadyQueue::Refresh(SweepIndex sweep, bool needs_cuda) {
  const SweepQueue& queue = queues_[sweep];
  order_.SetReady(sweep, needs_cuda, queue.open && !queue.positions[needs_cuda].empty());
}

}  // namespace ofsweep
