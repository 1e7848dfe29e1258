#include "cli/trial_text.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"

namespace ofsweep {
namespace {

using Lines = std::vector<std::vector<std::string>>;

constexpr const char* kNone = "—";

std::string OrNone(const std::string& text) {
  return text.empty() ? kNone : text;
}

std::string HowItEnded(const v1::Attempt& attempt) {
  if (attempt.outcome().empty()) return "running";
  return attempt.failure_class().empty() ? attempt.outcome()
                                         : absl::StrCat(attempt.outcome(), " (", attempt.failure_class(), ")");
}

Lines AttemptLines(const v1::GetTrialResponse& trial) {
  Lines lines = {{"ATTEMPT", "WORKER", "STARTED", "ENDED", "STEPS", "OUTCOME", "MESSAGE"}};
  int number = 0;
  for (const v1::Attempt& attempt : trial.attempts()) {
    const std::string from = attempt.has_from_step() ? absl::StrCat(attempt.from_step()) : kNone;
    const std::string to = attempt.has_to_step() ? absl::StrCat(attempt.to_step()) : "";
    lines.push_back({absl::StrCat(++number), attempt.worker(), FormatTime(attempt.started_at().seconds()),
                     attempt.has_ended_at() ? FormatTime(attempt.ended_at().seconds()) : kNone,
                     absl::StrCat(from, "–", to), HowItEnded(attempt), OrNone(attempt.message())});
  }
  return lines;
}

}  // namespace

std::string WhyItIsSo(const v1::Trial& trial, const std::string& failure_message) {
  if (!trial.outcome_reason().empty()) return absl::StrCat(trial.outcome_reason(), " at step ", trial.diverged_step());
  if (trial.failure_class().empty()) return trial.waiting_reason();
  return absl::StrCat(trial.failure_class(), ": ", failure_message);
}

std::string RenderTrial(const v1::GetTrialResponse& answer) {
  const v1::Trial& trial = answer.trial();
  std::string state = absl::StrCat(trial.state(), " at step ", trial.step(), " of ", trial.target_steps());
  if (const std::string why = WhyItIsSo(trial, trial.failure_message()); !why.empty())
    absl::StrAppend(&state, ": ", why);
  Lines facts = {{"trial", trial.trial_id()}, {"label", OrNone(trial.label())}, {"state", state}};
  facts.push_back({"sweeps", absl::StrJoin(answer.sweeps(), ", ")});
  const v1::Origin& origin = trial.origin();
  if (!origin.device().empty()) facts.push_back({"trained on", absl::StrCat(origin.device(), " of ", origin.host())});
  if (!origin.revision().empty()) facts.push_back({"trainer", origin.revision()});
  if (!origin.data_fingerprint().empty()) facts.push_back({"data", origin.data_fingerprint()});
  const std::map<std::string, double> results(trial.results().begin(), trial.results().end());
  for (const auto& [name, value] : results) facts.push_back({name, FormatNumber(value)});
  std::string text = AlignColumns(facts);
  if (answer.attempts().empty()) return absl::StrCat(text, "\nno attempt has begun\n");
  return absl::StrCat(text, "\n", AlignColumns(AttemptLines(answer)));
}

}  // namespace ofsweep
