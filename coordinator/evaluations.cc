#include "coordinator/evaluations.h"

#include <cmath>
#include <future>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/not_found.h"

namespace ofsweep {
namespace {

// How far the same model's loss over the same windows may be from itself, in nats a token: another device, precision or
// number of threads rounds otherwise, which a mean over thousands of tokens leaves some 1e-4 of. Other tokens, or
// another model, are off by more, and what rounding to few bits costs is read to about this much.
constexpr double kSameLossNats = 1e-3;

// A model that gives NaN gives it again, and one that does not is another.
bool IsSameLoss(double stored, double measured) {
  if (std::isnan(stored) || std::isnan(measured)) return std::isnan(stored) && std::isnan(measured);
  return stored == measured || std::abs(stored - measured) <= kSameLossNats;
}

absl::Status CheckSameLoss(const TrialEvaluation& evaluation, double stored) {
  if (IsSameLoss(stored, evaluation.unrounded_loss)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "trial %s: its validation loss without rounding is %.6g here, and %.6g is stored of its training, so the "
      "validation data or the checkpoint is not that of the trial; evaluate in the data folder that trained it, with "
      "data.path and data.validation_path as they were",
      evaluation.trial_id, evaluation.unrounded_loss, stored));
}

// The eval_loss of the trial's last step; none where it was not evaluated there.
absl::StatusOr<std::optional<double>> StoredLoss(Store& store, const TrialRow& trial) {
  std::optional<double> loss;
  const auto visit = [&](const Curve& curve) {
    if (curve.steps.back() == trial.target_steps) loss = curve.values.back();
    return true;
  };
  const absl::Status status = store.VisitCurves({.trial_ids = {trial.trial_id}, .metrics = {"eval_loss"}}, visit);
  if (!status.ok()) return status;
  return loss;
}

// A completed trial's last step and its eval_loss there: what evaluations of it are held against.
struct LastEvaluation {
  std::int64_t step = 0;
  double loss = 0;
};

absl::StatusOr<LastEvaluation> FindLastEvaluation(Store& store, const std::string& trial_id) {
  // `completed` is never left, so that the store's row is as good as the scheduler's.
  const auto trial = store.FindTrial(trial_id);
  if (!trial.ok()) return trial.status();
  if (!*trial) return NoSuchTrial(trial_id);
  if ((*trial)->state != TrialState::kCompleted) {
    return absl::FailedPreconditionError(absl::StrCat("trial ", trial_id, " is ", std::string(Name((*trial)->state)),
                                                      "; only completed trials have a model to evaluate"));
  }
  const auto loss = StoredLoss(store, **trial);
  if (!loss.ok()) return loss.status();
  if (!*loss) {
    return absl::FailedPreconditionError(
        absl::StrCat("trial ", trial_id,
                     " was trained without an evaluation at its end, so there is nothing to compare with; give it "
                     "validation data (data.validation_fraction)"));
  }
  return LastEvaluation{(*trial)->target_steps, **loss};
}

}  // namespace

absl::StatusOr<PushCounts> StoreEvaluations(Store& store, const std::vector<TrialEvaluation>& evaluations) {
  struct Added {
    double stored_loss = 0;
    StepPoints points;  // the step's tokens and seconds are stored already, with its eval_loss
  };
  std::map<std::string, Added> by_trial;
  for (const TrialEvaluation& evaluation : evaluations) {
    const auto [entry, is_new] = by_trial.try_emplace(evaluation.trial_id);
    Added& added = entry->second;
    if (is_new) {
      const auto last = FindLastEvaluation(store, evaluation.trial_id);
      if (!last.ok()) return last.status();
      added.stored_loss = last->loss;
      added.points.step = last->step;
    }
    if (absl::Status status = CheckSameLoss(evaluation, added.stored_loss); !status.ok()) return status;
    for (MetricPoint& point : LossPoints(Name(evaluation.bits), evaluation.loss)) {
      added.points.points.push_back(std::move(point));
    }
  }
  std::vector<std::future<absl::StatusOr<PushCounts>>> writes;
  for (auto& [trial_id, added] : by_trial) {
    writes.push_back(store.AppendPoints({.trial_id = trial_id}, 0, ColumnsOf({std::move(added.points)})));
  }
  PushCounts total;
  absl::Status status;
  for (auto& write : writes) {
    const auto counts = write.get();
    status.Update(counts.status());
    if (!counts.ok()) continue;
    // A loss and its perplexity are one evaluation.
    total.stored += counts->stored / 2;
    total.duplicates += counts->duplicates / 2;
  }
  if (!status.ok()) return status;
  return total;
}

}  // namespace ofsweep
