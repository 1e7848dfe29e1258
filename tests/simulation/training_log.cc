#include "tests/simulation/training_log.h"

#include <utility>

namespace ofsweep {

std::size_t TrainingLog::Begin(TrainingRun run) {
  const std::size_t number = runs_.size();
  launched_[run.name] = number;
  runs_.push_back(std::move(run));
  return number;
}

std::optional<std::size_t> TrainingLog::Find(const AttemptName& name) const {
  const auto found = launched_.find(name);
  return found == launched_.end() ? std::nullopt : found->second;
}

std::size_t TrainingLog::TrainerOf(std::size_t run, std::int64_t step) const {
  while (step <= runs_[run].from_step && runs_[run].parent) run = *runs_[run].parent;
  return run;
}

}  // namespace ofsweep
