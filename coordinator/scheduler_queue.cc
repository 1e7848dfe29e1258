#include "coordinator/scheduler_queue.h"

#include <algorithm>

namespace ofsweep {

void ReadyQueue::Insert(const TrialRecord& trial) {
  for (const Place place : trial.places) {
    LineOf(place.sweep).positions[trial.needs_cuda].insert(place.position);
    Refresh(place.sweep, trial.needs_cuda);
  }
}

void ReadyQueue::Remove(const TrialRecord& trial) {
  for (const Place place : trial.places) {
    LineOf(place.sweep).positions[trial.needs_cuda].erase(place.position);
    Refresh(place.sweep, trial.needs_cuda);
  }
}

void ReadyQueue::SetActive(SweepIndex sweep, bool active) {
  LineOf(sweep).active = active;
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
    const SweepIndex sweep = !has_any ? *cuda : !has_cuda ? *any : std::min(*any, *cuda);
    const Line& line = lines_[sweep];
    auto left = line.positions[false].begin();
    auto right = with_cuda ? line.positions[true].begin() : line.positions[true].end();
    while (left != line.positions[false].end() || right != line.positions[true].end()) {
      const bool take_left =
          right == line.positions[true].end() || (left != line.positions[false].end() && *left < *right);
      const Place place{sweep, take_left ? *left++ : *right++};
      if (accept(place)) return place;
    }
    if (has_any && *any == sweep) ++any;
    if (has_cuda && *cuda == sweep) ++cuda;
  }
  return std::nullopt;
}

std::size_t ReadyQueue::CountReady(SweepIndex sweep, bool needs_cuda) const {
  return sweep < lines_.size() ? lines_[sweep].positions[needs_cuda].size() : 0;
}

bool ReadyQueue::Contains(const TrialRecord& trial) const {
  return std::all_of(trial.places.begin(), trial.places.end(), [&](Place place) {
    return place.sweep < lines_.size() && lines_[place.sweep].positions[trial.needs_cuda].contains(place.position);
  });
}

ReadyQueue::Line& ReadyQueue::LineOf(SweepIndex sweep) {
  if (sweep >= lines_.size()) lines_.resize(sweep + 1);
  return lines_[sweep];
}

void ReadyQueue::Refresh(SweepIndex sweep, bool needs_cuda) {
  const Line& line = lines_[sweep];
  if (line.active && !line.positions[needs_cuda].empty()) {
    runnable_[needs_cuda].insert(sweep);
  } else {
    runnable_[needs_cuda].erase(sweep);
  }
}

}  // namespace ofsweep
