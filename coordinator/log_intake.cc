#include "coordinator/log_intake.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/cleanup/cleanup.h"

namespace ofsweep {
namespace {

// Each holds a thread of the server and up to one request. A disk that hangs must not take all of them.
constexpr int kTakenAtOnce = 64;
// On a full disk some writes find room and others do not: that is one trouble, told once.
constexpr TimeMs kTellAgainMs = 600'000;

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
  if (status.ok()) return;
  const TimeMs now = clock_.Now();
  TimeMs before = told_at_;
  if (before != 0 && now - before < kTellAgainMs) return;
  if (!told_at_.compare_exchange_strong(before, now)) return;  // another thread has told it
  spdlog::warn(
      "trainers' logs are not kept for now ({}); trials and their points do not need them. {} holds nothing else: take "
      "it away, with its -wal and -shm, if it is damaged",
      std::string(status.message()), path_);
}

}  // namespace ofsweep
