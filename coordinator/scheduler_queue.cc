#include "coordinator/scheduler_queue.h"

#include <algorithm>

namespace ofsweep {

void ReadyQueue::Insert(const TrialRecord& trial) {
  for (const Place place : trial.places) {
    QueueOf(place.sweep).positions[trial.needs_cuda].insert(place.position);
    Refresh(place.sweep, trial.needs_cuda);
  }
}

void ReadyQueue::Remove(const TrialRecord& trial) {
  for (const Place place : trial.places) {
    QueueOf(place.sweep).positions[trial.needs_cuda].erase(place.position);
    Refresh(place.sweep, trial.needs_cuda);
  }
}

void ReadyQueue::SetOpen(SweepIndex sweep, bool open) {
  QueueOf(sweep).open = open;
  Refresh(sweep, false);
  Refresh(sweep, true);
}

void ReadyQueue::SetPriority(SweepIndex sweep, int priority) {
  SweepQueue& queue = QueueOf(sweep);
  for (auto& ranks : runnable_) ranks.erase(RankOf(sweep));
  queue.priority = priority;
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
  auto any = runnable_[false].begin();
  auto cuda = with_cuda ? runnable_[true].begin() : runnable_[true].end();
  while (any != runnable_[false].end() || cuda != runnable_[true].end()) {
    const bool has_any = any != runnable_[false].end();
    const bool has_cuda = cuda != runnable_[true].end();
    const Rank rank = !has_any ? *cuda : !has_cuda ? *any : std::min(*any, *cuda);
    const SweepIndex sweep = rank.second;
    const SweepQueue& queue = queues_[sweep];
    auto left = queue.positions[false].begin();
    auto right = with_cuda ? queue.positions[true].begin() : queue.positions[true].end();
    while (left != queue.positions[false].end() || right != queue.positions[true].end()) {
      const bool take_left =
          right == queue.positions[true].end() || (left != queue.positions[false].end() && *left < *right);
      const Place place{sweep, take_left ? *left++ : *right++};
      if (accept(place)) return place;
    }
    if (has_any && *any == rank) ++any;
    if (has_cuda && *cuda == rank) ++cuda;
  }
  return std::nullopt;
}

std::size_t ReadyQueue::CountReady(SweepIndex sweep, bool needs_cuda) const {
  return sweep < queues_.size() ? queues_[sweep].positions[needs_cuda].size() : 0;
}

std::optional<std::uint32_t> ReadyQueue::FirstReady(SweepIndex sweep) const {
  if (sweep >= queues_.size()) return std::nullopt;
  for (const auto& positions : queues_[sweep].positions) {
    if (!positions.empty()) return *positions.begin();
  }
  return std::nullopt;
}

bool ReadyQueue::Contains(const TrialRecord& trial) const {
  return std::all_of(trial.places.begin(), trial.places.end(), [&](Place place) {
    return place.sweep < queues_.size() && queues_[place.sweep].positions[trial.needs_cuda].contains(place.position);
  });
}

ReadyQueue::SweepQueue& ReadyQueue::QueueOf(SweepIndex sweep) {
  if (sweep >= queues_.size()) queues_.resize(sweep + 1);
  return queues_[sweep];
}

void ReadyQueue::Refresh(SweepIndex sweep, bool needs_cuda) {
  const SweepQueue& queue = queues_[sweep];
  if (queue.open && !queue.positions[needs_cuda].empty()) {
    runnable_[needs_cuda].insert(RankOf(sweep));
  } else {
    runnable_[needs_cuda].erase(RankOf(sweep));
  }
}

}  // namespace ofsweep
