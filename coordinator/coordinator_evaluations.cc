// What is known of a trial only after its training.
#include <future>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/coordinator.h"

namespace ofsweep {

absl::StatusOr<PushCounts> Coordinator::AddEvaluations(const std::vector<TrialEvaluation>& evaluations) {
  std::map<std::string, StepPoints> by_trial;
  for (const TrialEvaluation& evaluation : evaluations) {
    const auto [entry, is_new] = by_trial.try_emplace(evaluation.trial_id);
    for (MetricPoint& point : LossPoints(Name(evaluation.bits), evaluation.loss)) {
      entry->second.points.push_back(std::move(point));
    }
    if (!is_new) continue;
    // `completed` is never left, so that the store's row is as good as the scheduler's.
    const auto trial = store_.FindTrial(evaluation.trial_id);
    if (!trial.ok()) return trial.status();
    if (!*trial) return absl::NotFoundError(absl::StrCat("there is no trial ", evaluation.trial_id));
    if ((*trial)->state != TrialState::kCompleted) {
      return absl::FailedPreconditionError(absl::StrCat("trial ", evaluation.trial_id, " is ",
                                                        std::string(Name((*trial)->state)),
                                                        "; only completed trials have a model to evaluate"));
    }
    if ((*trial)->step != (*trial)->target_steps) {
      return absl::FailedPreconditionError(
          absl::StrCat("trial ", evaluation.trial_id,
                       " was trained without an evaluation at its end, so there is nothing to compare with; give it "
                       "validation data (data.validation_fraction)"));
    }
    // The step's tokens and seconds are stored already, with its eval_loss.
    entry->second.step = (*trial)->target_steps;
  }
  std::vector<std::future<absl::StatusOr<PushCounts>>> writes;
  for (auto& [trial_id, points] : by_trial) writes.push_back(store_.AppendPoints(trial_id, {std::move(points)}));
  PushCounts total;
  absl::Status status;
  for (auto& write : writes) {
    const auto counts = write.get();
    status.Update(counts.status());
    if (!counts.ok()) continue;
    total.stored += counts->stored;
    total.duplicates += counts->duplicates;
  }
  if (!status.ok()) return status;
  return total;
}

}  // namespace ofsweep
