#include "coordinator/log_hub.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc_status.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMessageBytes = 64 << 10;
constexpr std::size_t kMaxTailers = 1000;
constexpr absl::Duration kStopSoon = absl::Milliseconds(200);
// Attempts' ends are looked for at most so often: something changes with every push.
constexpr absl::Duration kBetweenLooks = absl::Seconds(1);
// After the end of an attempt its worker may still send what its trainer logged last. One that was lost never does.
constexpr absl::Duration kForTheRest = absl::Seconds(3);

grpc::Status StoppingTails() {
  return {grpc::StatusCode::UNAVAILABLE, "the coordinator is stopping; ask for the log again when it is back"};
}

grpc::Status TooManyTails() {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED,
          absl::StrCat(kMaxTailers,
                       " streams of TailLog are open, as many as are served; end those that nobody reads, "
                       "and ask again")};
}

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

// One stream. Only the hub's serving thread writes and finishes, so a tailer lives at least until that thread has
// called Finish. gRPC's own thread reports back through the three On… functions.
class LogHub::Tailer : public grpc::ServerWriteReactor<v1::TailLogResponse> {
 public:
  Tailer(LogHub& hub, const v1::TailLogRequest& asked_for) : hub_(hub), request(asked_for) {}

  void OnWriteDone(bool ok) override {
    message = {};
    absl::MutexLock lock(&hub_.mutex_);
    writing = false;
    due = true;
    if (!ok) cancelled = true;
    hub_.something_new_.Signal();
  }

  void OnCancel() override {
    absl::MutexLock lock(&hub_.mutex_);
    cancelled = true;
    hub_.something_new_.Signal();
  }

  void OnDone() override {
    {
      absl::MutexLock lock(&hub_.mutex_);
      hub_.tailers_.erase(this);
      hub_.something_new_.Signal();
    }
    delete this;
  }

 private:
  LogHub& hub_;

 public:
  const v1::TailLogRequest request;
  // Guarded by the hub's mutex.
  bool writing = false;
  bool cancelled = false;
  bool finished = false;                     // Finish was called
  bool due = true;                           // there may be something to do
  absl::Time wake = absl::InfiniteFuture();  // there will be
  AttemptName attempt;                       // empty before it was looked up; set by the serving thread
  // Of the serving thread alone.
  std::uint32_t number = 0;  // of the attempt
  std::uint64_t at = 0;      // what is before it was sent, or left out
  bool has_sent = false;
  absl::Time until = absl::InfiniteFuture();  // it is followed: some time after the attempt's end
  v1::TailLogResponse message;                // gRPC's while `writing`
};

LogHub::LogHub(LogStore& logs, Store& store, SweepViews* live)
    : logs_(logs), store_(store), live_(live), server_([this] { ServeTailers(); }) {
  if (live_ != nullptr) follower_ = std::thread([this] { FollowChanges(); });
}

LogHub::~LogHub() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = destroying_ = true;
    something_new_.Signal();
  }
  if (follower_.joinable()) follower_.join();
  server_.join();
}

void LogHub::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  something_new_.Signal();
}

grpc::ServerWriteReactor<v1::TailLogResponse>* LogHub::Tail(const v1::TailLogRequest& request) {
  auto* tailer = new Tailer(*this, request);
  grpc::Status refusal;
  if (request.follow() && live_ == nullptr) refusal = NothingFollows();
  {
    absl::MutexLock lock(&mutex_);
    if (tailers_.size() >= kMaxTailers) refusal = TooManyTails();
    tailer->finished = !refusal.ok();
    tailers_.insert(tailer);
    something_new_.Signal();
  }
  if (!refusal.ok()) tailer->Finish(refusal);
  return tailer;
}

void LogHub::NoteGrowth(std::span<const LogPiece> pieces) {
  absl::MutexLock lock(&mutex_);
  for (Tailer* tailer : tailers_) {
    tailer->due |= std::any_of(pieces.begin(), pieces.end(),
                               [&](const LogPiece& piece) { return piece.attempt == tailer->attempt; });
  }
  something_new_.Signal();
}

void LogHub::FollowChanges() {
  std::uint64_t seen = 0;
  const auto is_wanted = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !tailers_.empty(); };
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&is_wanted));
      if (stopping_) return;
    }
    const bool changed = live_->WaitForChange(seen, absl::Now() + kStopSoon);
    absl::MutexLock lock(&mutex_);
    if (changed) {
      for (Tailer* tailer : tailers_) tailer->due = true;
      something_new_.Signal();
      mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kBetweenLooks);
    }
    if (stopping_) return;
  }
}

// A tailer with something to do now; else null, and `wake` is when the next one has.
LogHub::Tailer* LogHub::NextDue(absl::Time now, absl::Time& wake) {
  wake = absl::InfiniteFuture();
  for (Tailer* tailer : tailers_) {
    if (tailer->writing || tailer->finished) continue;
    if (stopping_ || tailer->cancelled || tailer->due || tailer->wake <= now) return tailer;
    wake = std::min(wake, tailer->wake);
  }
  return nullptr;
}

void LogHub::ServeTailers() {
  for (;;) {
    Tailer* due = nullptr;
    bool stop = false;
    {
      absl::MutexLock lock(&mutex_);
      absl::Time wake;
      while ((due = NextDue(absl::Now(), wake)) == nullptr) {
        if (destroying_ && tailers_.empty()) return;
        something_new_.WaitWithDeadline(&mutex_, wake);
      }
      stop = stopping_;
      due->finished = stop || due->cancelled;
      due->due = false;  // before it is read: what is stored meanwhile makes it due again
      due->wake = absl::InfiniteFuture();
    }
    if (due->finished) {
      due->Finish(stop ? StoppingTails() : grpc::Status::CANCELLED);
    } else {
      Serve(*due);
    }
  }
}

// Goes one step on. Never under the mutex, because gRPC may call a tailer back from within StartWrite and Finish.
void LogHub::Serve(Tailer& tailer) {
  absl::StatusOr<Step> step = Step::kEnd;
  try {
    step = Next(tailer);
  } catch (const std::exception& error) {
    step = absl::InternalError(error.what());
  }
  const bool finish = !step.ok() || *step == Step::kEnd;
  {
    absl::MutexLock lock(&mutex_);
    tailer.writing = !finish && *step == Step::kWrite;
    tailer.finished = finish;
    tailer.wake = tailer.until;
  }
  if (finish) {
    tailer.Finish(StorageStatus(step.status()));
  } else if (*step == Step::kWrite) {
    tailer.StartWrite(&tailer.message);
  }
}

absl::StatusOr<LogHub::Step> LogHub::Next(Tailer& tailer) {
  if (tailer.number == 0) {
    if (absl::Status status = Open(tailer); !status.ok()) return status;
  }
  // Before it is read: what ends meanwhile is noticed with the next step.
  const absl::StatusOr<bool> may_grow = MayGrow(tailer);
  if (!may_grow.ok()) return may_grow.status();
  auto piece = logs_.Read(tailer.attempt, tailer.at, kMessageBytes);
  if (!piece.ok()) return piece.status();
  if (!piece->text.empty()) {
    tailer.at = piece->end();
    tailer.has_sent = true;
    tailer.message.set_begin(static_cast<double>(piece->begin));
    tailer.message.set_text(std::move(piece->text));
    tailer.message.set_attempt(tailer.number);
    return Step::kWrite;
  }
  if (*may_grow) return Step::kWait;
  if (tailer.has_sent) return Step::kEnd;
  return absl::NotFoundError(
      absl::StrCat("there is no log of attempt ", tailer.number, " of trial ", tailer.attempt.trial_id,
                   ": its trainer has logged nothing yet, or it had to make room for newer ones (--log-bytes); its "
                   "worker keeps it in ",
                   "trials/", tailer.attempt.trial_id, "/logs/attempt-", tailer.number, ".log of its --data-dir"));
}

// False: what is stored of the log now is all that this stream shows.
absl::StatusOr<bool> LogHub::MayGrow(Tailer& tailer) {
  if (!tailer.request.follow()) return false;
  const auto extent = logs_.Find(tailer.attempt);
  if (!extent.ok()) return extent.status();
  if (*extent && (*extent)->complete) return false;
  if (tailer.until == absl::InfiniteFuture()) {
    const auto attempts = store_.ListAttempts(tailer.attempt.trial_id);
    if (!attempts.ok()) return attempts.status();
    const auto row = std::find_if(attempts->begin(), attempts->end(),
                                  [&](const AttemptRow& attempt) { return attempt.name == tailer.attempt; });
    if (row == attempts->end()) return false;  // it was deleted
    if (row->end) tailer.until = absl::FromUnixMillis(row->ended_at) + kForTheRest;
  }
  return absl::Now() < tailer.until;
}

absl::Status LogHub::Open(Tailer& tailer) {
  const v1::TailLogRequest& request = tailer.request;
  const auto trial = store_.FindTrial(request.trial_id());
  if (!trial.ok()) return trial.status();
  if (!*trial) {
    return absl::NotFoundError(
        absl::StrCat("there is no trial ", Quoted(request.trial_id()),
                     "; `ofsweep ls` lists the sweeps, and `ofsweep show SWEEP` the trials of one"));
  }
  const auto attempts = store_.ListAttempts(request.trial_id());
  if (!attempts.ok()) return attempts.status();
  const std::size_t number = request.attempt() == 0 ? attempts->size() : request.attempt();
  if (number == 0 || number > attempts->size()) {
    return NoSuchAttempt(request.trial_id(), attempts->size(), request.attempt());
  }
  {
    absl::MutexLock lock(&mutex_);
    tailer.attempt = (*attempts)[number - 1].name;
  }
  tailer.number = static_cast<std::uint32_t>(number);
  const auto found = logs_.Find(tailer.attempt);
  if (!found.ok()) return found.status();
  const LogExtent extent = found->value_or(LogExtent());
  tailer.at = extent.begin;
  if (request.last_bytes() > 0 && extent.through > request.last_bytes()) {
    tailer.at = std::max(tailer.at, extent.through - request.last_bytes());
  }
  if (request.last_lines() == 0) return absl::OkStatus();
  const auto lines = BeginOfLastLines(logs_, tailer.attempt, extent, request.last_lines());
  if (!lines.ok()) return lines.status();
  tailer.at = std::max(tailer.at, *lines);
  return absl::OkStatus();
}

}  // namespace ofsweep
