#include "coordinator/submission.h"

#include "absl/strings/str_cat.h"

namespace ofsweep {

absl::StatusOr<std::vector<SubmittedTrial>> ExpandSubmission(const SweepSpec& spec, const SweepSettings& settings,
                                                             std::vector<Problem>& problems) {
  const bool too_many = CountCells(spec) > kMaxTrials;
  if (spec.name.empty()) problems.push_back({settings.file, 0, "name", "is missing", "add a line like name: my-sweep"});
  std::vector<SubmittedTrial> trials;
  ExpandSweep(spec, settings.file, problems,
              [&](const PlannedTrial& planned) { trials.push_back(ReadSubmitted(planned, settings)); });
  if (problems.empty()) return trials;
  const std::string text = ToText(problems);
  return too_many ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
}

absl::Status CheckIsSame(const Books& books, const SweepRecord& existing, const std::vector<SubmittedTrial>& trials,
                         bool same_text) {
  switch (Compare(books, existing, trials, same_text)) {
    case Resubmission::kSame:
      return absl::OkStatus();
    case Resubmission::kOtherData:
      return absl::AlreadyExistsError(
          absl::StrCat("a sweep called \"", existing.name, "\" exists, and what its trials read was another content: ",
                       "give this one another name, and it is trained on what is there now"));
    case Resubmission::kOtherTrials:
      break;
  }
  return absl::AlreadyExistsError(
      absl::StrCat("a sweep called \"", existing.name, "\" exists with other trials; give this one another name"));
}

void IdentifyAll(const Books& books, const std::string& sweep, std::vector<SubmittedTrial>& trials,
                 SubmitResult& result) {
  for (SubmittedTrial& trial : trials) {
    const TrialRecord* beside = nullptr;
    const Sharing sharing = Identify(books, sweep, trial, beside);
    if (sharing == Sharing::kNew) continue;
    const std::string& oldest = books.sweeps()[beside->places.front().sweep].name;
    const bool starts_anew = beside->state == TrialState::kFailed || beside->state == TrialState::kCancelled;
    if (sharing == Sharing::kAnewBeside) {
      ++result.anew_beside[oldest];
    } else if (!starts_anew) {
      ++result.shared_with[oldest];
    }
  }
}

}  // namespace ofsweep
