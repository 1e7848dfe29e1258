#include "coordinator/log_intake.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/cleanup/cleanup.h"

namespace ofsweep {
namespace {

// Each holds a thread of the server and up to one request. A disk that hangs must not take all of them.
constexpr int kTakenAtOnce = 64;

}  // namespace

absl::StatusOr<std::vector<LogOutcome>> LogIntake::Take(std::vector<LogPiece> pieces) {
  const absl::Cleanup leave = [this] { --taking_; };
  if (++taking_ > kTakenAtOnce) return absl::UnavailableError("too many logs are being stored; send it again");
  std::vector<LogOutcome> outcomes(pieces.size());
  std::vector<LogPiece> known;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const absl::StatusOr<bool> is_known = IsKnown(pieces[i].attempt);
    if (!is_known.ok()) return is_known.status();
    outcomes[i].unknown = !*is_known;
    if (*is_known) known.push_back(std::move(pieces[i]));
  }
  if (known.empty()) return outcomes;
  const auto through = logs_.Append(known);
  Tell(through.status());
  if (!through.ok()) return through.status();
  hub_.NoteGrowth(known);
  auto next = through->begin();
  for (LogOutcome& outcome : outcomes) {
    if (!outcome.unknown) outcome.stored_through = *next++;
  }
  return outcomes;
}

void LogIntake::Remove(std::span<const AttemptName> trials) {
  Tell(logs_.Remove(trials));
}

absl::StatusOr<bool> LogIntake::IsKnown(const AttemptName& attempt) {
  // One that has a log was known when that was begun.
  const auto log = logs_.Find(attempt);
  if (log.ok() && *log) return true;
  const auto attempts = store_.ListAttempts(attempt.trial_id);
  if (!attempts.ok()) return attempts.status();
  return std::any_of(attempts->begin(), attempts->end(), [&](const AttemptRow& row) { return row.name == attempt; });
}

void LogIntake::Tell(const absl::Status& status) {
  if (status.ok()) {
    if (is_failing_.exchange(false)) spdlog::info("trainers' logs are kept again");
    return;
  }
  if (is_failing_.exchange(true)) return;
  spdlog::warn(
      "trainers' logs are not kept for now ({}); trials and their points do not need them. {} holds nothing else: "
      "where "
      "it is damaged, take it away with its -wal and -shm",
      std::string(status.message()), path_);
}

}  // namespace ofsweep
