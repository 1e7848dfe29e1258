#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "experiment/attempt.h"

namespace ofsweep {

// A trainer's process, as it really went.
struct TrainingRun {
  AttemptName name;
  std::optional<std::size_t> parent;  // the run whose checkpoint it continues
  std::int64_t from_step = 0;
  std::int64_t step = 0;               // of the last points that it has printed
  std::string fingerprint;             // of what it read
  std::optional<AttemptEnd> finished;  // as it said itself: completed or diverged
};

// What was really trained; the referee holds the database against it. The points of a run have its number as their
// value, so that a curve tells who trained each of its steps.
class TrainingLog {
 public:
  // A worker starts a process for this attempt; false when a coordinator has heard of an earlier one of that name. (One
  // that it has not heard of is gone with its outbox: it must tell again what may not have arrived.)
  bool Launch(const AttemptName& name) {
    return launched_.emplace(name, std::nullopt).second || !heard_.contains(name);
  }
  // A coordinator was told of it, or took its points.
  void Heard(const AttemptName& name) { heard_.insert(name); }
  // It has read its data and its checkpoint.
  std::size_t Begin(TrainingRun run);
  TrainingRun& at(std::size_t run) { return runs_[run]; }
  const TrainingRun& at(std::size_t run) const { return runs_[run]; }
  // Nothing for an attempt whose process has not begun to train.
  std::optional<std::size_t> Find(const AttemptName& name) const;
  // Who trained a step that led to the state of `run`.
  std::size_t TrainerOf(std::size_t run, std::int64_t step) const;

 private:
  std::vector<TrainingRun> runs_;
  std::map<AttemptName, std::optional<std::size_t>> launched_;
  std::set<AttemptName> heard_;
};

}  // namespace ofsweep
