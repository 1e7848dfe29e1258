#include "cli/interruptions.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/format.h"
#include "cli/trial_text.h"

namespace ofsweep {
namespace {

constexpr std::size_t kVerb = 9;  // as wide as the states beside it

std::string Line(const std::string& verb, const v1::TrialProgress& trial, const std::string& rest) {
  return absl::StrCat(PadRight(verb, kVerb), "  ", NameOf(trial), "  ", rest);
}

std::string HowItStopped(const v1::TrialProgress& trial, const std::optional<v1::Attempt>& attempt) {
  const bool is_known = attempt && attempt->worker() == trial.worker() && !attempt->outcome().empty();
  std::string where = absl::StrCat("on ", trial.worker(), " at step ", trial.step());
  if (!is_known) return Line("stopped", trial, where);
  if (!attempt->failure_class().empty())
    absl::StrAppend(&where, ", ", attempt->failure_class(), ": ", Headline(attempt->message()));
  return Line(attempt->outcome(), trial, where);
}

}  // namespace

std::vector<std::string> Interruptions::Update(const v1::WatchSweepResponse& message, const LastAttempt& last_attempt) {
  std::vector<std::string> lines;
  std::map<std::string, v1::TrialProgress> now;
  for (const v1::TrialProgress& trial : message.running()) now.emplace(trial.trial_id(), trial);
  for (const v1::Trial& trial : message.finished()) {
    running_.erase(trial.trial_id());
    waiting_.erase(trial.trial_id());
  }
  for (const auto& [id, before] : running_) {
    const auto found = now.find(id);
    if (found != now.end() && found->second.worker() == before.worker()) continue;
    waiting_[id] = before.worker();
    lines.push_back(HowItStopped(before, last_attempt(id)));
  }
  for (const auto& [id, trial] : now) {
    if (waiting_.erase(id) > 0) lines.push_back(Line("again", trial, "on " + trial.worker()));
  }
  running_ = std::move(now);
  return lines;
}

std::optional<v1::Attempt> LastEnded(const v1::GetTrialResponse& trial) {
  for (int i = trial.attempts_size(); i-- > 0;) {
    if (trial.attempts(i).has_ended_at()) return trial.attempts(i);
  }
  return std::nullopt;
}

}  // namespace ofsweep
