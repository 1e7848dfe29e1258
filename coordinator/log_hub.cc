#include "coordinator/log_hub.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/rpc_status.h"
#include "experiment/number_range.h"
#include "storage/not_found.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMessageBytes = 64 << 10;
// Attempts' ends are looked for at most so often: something changes with every push.
constexpr absl::Duration kBetweenLooks = absl::Seconds(1);
// After the end of an attempt its worker may still send what its trainer logged last. One that was lost never does.
constexpr TimeMs kForTheRest = 3000;

constexpr NumberRange kBegins{.maximum = kExactIntegers, .whole = true};

grpc::Status NothingFollows() {
  return {grpc::StatusCode::UNAVAILABLE,
          "no coordinator is running, so no log grows; ask for it without `follow`, or start `ofsweep coordinator`"};
}

absl::Status NoSuchAttempt(const std::string& trial_id, std::size_t attempts, std::uint32_t asked_for) {
  if (attempts == 0) {
    return absl::NotFoundError(
        absl::StrCat("trial ", trial_id, " has not begun: there is no log before its first attempt"));
  }
  return absl::NotFoundError(absl::StrCat("trial ", trial_id, " has ", attempts,
                                          attempts == 1 ? " attempt" : " attempts", ", and none of number ",
                                          asked_for));
}

// Where the last `lines` of what is kept begin. A line is what ends with a newline, or with the log.
absl::StatusOr<std::uint64_t> BeginOfLastLines(LogStore& logs, const AttemptName& attempt, const LogExtent& extent,
                                               std::size_t lines) {
  std::vector<std::uint64_t> begins = {extent.begin};
  for (std::uint64_t at = extent.begin; at < extent.through;) {
    const auto piece = logs.Read(attempt, at, kMessageBytes);
    if (!piece.ok()) return piece.status();
    if (piece->text.empty()) break;
    for (std::size_t i = 0; i < piece->text.size(); ++i) {
      const std::uint64_t behind = piece->begin + i + 1;
      if (piece->text[i] == '\n' && behind < extent.through) begins.push_back(behind);
    }
    at = piece->end();
  }
  return begins[begins.size() - std::min(lines, begins.size())];
}

}  // namespace

class LogHub::Tailer final : public ServerStream<v1::TailLogResponse> {
 public:
  Tailer(LogHub& hub, grpc::CallbackServerContext& context, const v1::TailLogRequest& request)
      : ServerStream(hub.streams_, context), hub_(hub), request_(request) {}

  const std::string& trial_id() const { return request_.trial_id(); }

 private:
  absl::StatusOr<StreamHub::Step> Next() override;
  absl::StatusOr<bool> MayGrow();
  // When the thread that serves streams is to look again.
  absl::Time Due() const;
  absl::Status Open();

  LogHub& hub_;
  const v1::TailLogRequest request_;
  AttemptName attempt_;
  std::uint32_t number_ = 0;     // of the attempt; 0 before it was looked up
  std::uint64_t at_ = 0;         // what is before it was sent, or left out
  bool has_sent_ = false;        // by this stream or the one that it goes on for
  std::optional<TimeMs> until_;  // it is followed: some time after the attempt's end; none while it runs
};

LogHub::LogHub(LogStore& logs, Store& store, const Clock& clock, SweepViews* live)
    : logs_(logs), store_(store), clock_(clock), follows_(live != nullptr), streams_("TailLog", live, kBetweenLooks) {}

grpc::ServerWriteReactor<v1::TailLogResponse>* LogHub::Tail(grpc::CallbackServerContext& context,
                                                            const v1::TailLogRequest& request,
                                                            const std::string& caller) {
  auto* tailer = new Tailer(*this, context, request);
  streams_.Add(*tailer, request.follow() && !follows_ ? NothingFollows() : grpc::Status::OK, caller);
  return tailer;
}

void LogHub::NoteGrowth(std::span<const LogPiece> pieces) {
  streams_.Note([&](const StreamHub::Stream& stream) {
    const std::string& trial_id = static_cast<const Tailer&>(stream).trial_id();
    return std::any_of(pieces.begin(), pieces.end(),
                       [&](const LogPiece& piece) { return piece.attempt.trial_id == trial_id; });
  });
}

absl::StatusOr<StreamHub::Step> LogHub::Tailer::Next() {
  if (number_ == 0) {
    if (absl::Status status = Open(); !status.ok()) return status;
  }
  // Before it is read: what ends meanwhile is noticed with the next step.
  const absl::StatusOr<bool> may_grow = MayGrow();
  if (!may_grow.ok()) return may_grow.status();
  auto piece = hub_.logs_.Read(attempt_, at_, kMessageBytes);
  if (!piece.ok()) return piece.status();
  if (!piece->text.empty()) {
    at_ = piece->end();
    has_sent_ = true;
    message_.set_begin(static_cast<double>(piece->begin));
    message_.set_text(std::move(piece->text));
    message_.set_attempt(number_);
    return StreamHub::Step{.kind = StreamHub::Step::kWrite, .due = absl::InfinitePast()};
  }
  if (*may_grow) return StreamHub::Step{.kind = StreamHub::Step::kWait, .due = Due()};
  if (has_sent_) return StreamHub::Step{.kind = StreamHub::Step::kEnd};
  if (!hub_.follows_ && !hub_.logs_.HasFile()) {
    return absl::NotFoundError(absl::StrCat("there is no ", hub_.logs_.path(),
                                            ", in which logs are kept: a copy of a database has none; ask the ",
                                            "coordinator or its folder, or copy its logs.db there too"));
  }
  return absl::NotFoundError(
      absl::StrCat("there is no log of attempt ", number_, " of trial ", attempt_.trial_id,
                   ": its trainer has logged nothing yet, or it had to make room for newer ones (--log-bytes); its "
                   "worker keeps it in ",
                   "trials/", attempt_.trial_id, "/logs/attempt-", number_, ".log of its --data-dir"));
}

// False: what is stored of the log now is all that this stream shows.
absl::StatusOr<bool> LogHub::Tailer::MayGrow() {
  if (!request_.follow()) return false;
  const auto extent = hub_.logs_.Find(attempt_);
  if (!extent.ok()) return extent.status();
  if (*extent && (*extent)->complete) return false;
  if (!until_) {
    const auto attempts = hub_.store_.ListAttempts(attempt_.trial_id);
    if (!attempts.ok()) return attempts.status();
    const auto row = std::find_if(attempts->begin(), attempts->end(),
                                  [&](const AttemptRow& attempt) { return attempt.name == attempt_; });
    if (row == attempts->end()) return false;  // it was deleted
    if (row->end) until_ = row->ended_at + kForTheRest;
  }
  return !until_ || hub_.clock_.Now() < *until_;
}

absl::Time LogHub::Tailer::Due() const {
  if (!until_) return absl::InfiniteFuture();
  return absl::Now() + absl::Milliseconds(*until_ - hub_.clock_.Now());
}

absl::Status LogHub::Tailer::Open() {
  if (!kBegins.Holds(request_.begin())) {
    return absl::InvalidArgumentError(absl::StrCat("begin: expected ", AcceptedNumbers(kBegins), ", got ",
                                                   request_.begin(), "; it counts the bytes that the caller has"));
  }
  const auto trial = hub_.store_.FindTrial(request_.trial_id());
  if (!trial.ok()) return trial.status();
  if (!*trial) return NoSuchTrial(request_.trial_id());
  const auto attempts = hub_.store_.ListAttempts(request_.trial_id());
  if (!attempts.ok()) return attempts.status();
  const std::size_t number = request_.attempt() == 0 ? attempts->size() : request_.attempt();
  if (number == 0 || number > attempts->size()) {
    return NoSuchAttempt(request_.trial_id(), attempts->size(), request_.attempt());
  }
  attempt_ = (*attempts)[number - 1].name;
  number_ = static_cast<std::uint32_t>(number);
  const auto found = hub_.logs_.Find(attempt_);
  if (!found.ok()) return found.status();
  const LogExtent extent = found->value_or(LogExtent());
  at_ = extent.begin;
  if (request_.begin() > 0) {
    // What this coordinator has lost of what it sent is sent by the worker once more, and passed over.
    at_ = std::max(at_, static_cast<std::uint64_t>(request_.begin()));
    has_sent_ = true;
    return absl::OkStatus();
  }
  if (request_.last_bytes() > 0 && extent.through > request_.last_bytes()) {
    at_ = std::max(at_, extent.through - request_.last_bytes());
  }
  if (request_.last_lines() == 0) return absl::OkStatus();
  const auto lines = BeginOfLastLines(hub_.logs_, attempt_, extent, request_.last_lines());
  if (!lines.ok()) return lines.status();
  at_ = std::max(at_, *lines);
  return absl::OkStatus();
}

}  // namespace ofsweep
