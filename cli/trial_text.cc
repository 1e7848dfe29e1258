#include "cli/trial_text.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"
#include "experiment/trial_state.h"

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

// One of each, in the order of the attempts.
void AddOnce(std::string text, std::vector<std::string>& texts) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

// What the attempts that the curve has points of ran on, and the revisions of their trainers.
void AddOrigins(const v1::Trial& trial, Lines& facts) {
  std::vector<std::string> devices;
  std::vector<std::string> revisions;
  const auto add = [&](const v1::Origin& origin) {
    const std::string& precision = origin.resolved_precision();
    const std::string in = precision.empty() ? "" : absl::StrCat(" in ", precision);
    if (!origin.device().empty()) AddOnce(absl::StrCat(origin.device(), " of ", origin.host(), in), devices);
    if (!origin.revision().empty()) AddOnce(origin.revision(), revisions);
  };
  for (const v1::Origin& earlier : trial.earlier_origins()) add(earlier);
  add(trial.origin());
  if (!devices.empty()) facts.push_back({"trained on", absl::StrJoin(devices, ", then ")});
  if (!revisions.empty()) facts.push_back({"trainer", absl::StrJoin(revisions, ", then ")});
}

// Of results that count something every digit counts.
std::string ResultText(const std::string& name, double value) {
  static const std::set<std::string> kWhole = {"seed", "steps", "tokens", "attempts"};
  return kWhole.contains(name) ? absl::StrCat(static_cast<std::int64_t>(value)) : FormatNumber(value);
}

Lines AttemptLines(const v1::GetTrialResponse& trial) {
  Lines lines = {{"ATTEMPT", "WORKER", "STARTED", "ENDED", "STEPS", "OUTCOME", "MESSAGE"}};
  int number = 0;
  for (const v1::Attempt& attempt : trial.attempts()) {
    const std::string from = attempt.has_from_step() ? absl::StrCat(attempt.from_step()) : kNone;
    const std::string to = attempt.has_to_step()    ? absl::StrCat(attempt.to_step())
                           : attempt.has_ended_at() ? kNone
                                                    : "";
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

std::string DataOf(const v1::Trial& trial) {
  const std::string& fingerprint = trial.origin().data_fingerprint();
  const bool has_result = trial.state() == Name(TrialState::kCompleted) || trial.state() == Name(TrialState::kDiverged);
  return fingerprint.empty() && has_result ? "unknown, trained by an earlier version of ofsweep" : fingerprint;
}

std::string ThreadsOf(const v1::Trial& trial) {
  const auto threads = trial.config().fields().find("train.threads");
  const bool is_known = threads != trial.config().fields().end() && threads->second.has_number_value();
  return is_known && !trial.origin().device().empty() ? absl::StrCat(static_cast<int>(threads->second.number_value()))
                                                      : "";
}

std::string RenderTrial(const v1::GetTrialResponse& answer) {
  const v1::Trial& trial = answer.trial();
  std::string state = absl::StrCat(trial.state(), " at step ", trial.step(), " of ", trial.target_steps());
  if (const std::string why = WhyItIsSo(trial, trial.failure_message()); !why.empty())
    absl::StrAppend(&state, ": ", why);
  Lines facts = {{"trial", trial.trial_id()}, {"label", OrNone(trial.label())}, {"state", state}};
  facts.push_back({"sweeps", absl::StrJoin(answer.sweeps(), ", ")});
  AddOrigins(trial, facts);
  if (std::string threads = ThreadsOf(trial); !threads.empty()) facts.push_back({"threads", std::move(threads)});
  if (std::string data = DataOf(trial); !data.empty()) facts.push_back({"data", std::move(data)});
  const std::map<std::string, double> results(trial.results().begin(), trial.results().end());
  for (const auto& [name, value] : results) facts.push_back({name, ResultText(name, value)});
  std::string text = AlignColumns(facts);
  if (answer.attempts().empty()) return absl::StrCat(text, "\nno attempt has begun\n");
  return absl::StrCat(text, "\n", AlignColumns(AttemptLines(answer)));
}

}  // namespace ofsweep
