#include "coordinator/watch_hub.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc_status.h"
#include "coordinator/wire.h"

namespace ofsweep {
namespace {

constexpr double kDefaultSeconds = 1;
constexpr double kShortestSeconds = 0.1;
constexpr double kLongestSeconds = 86'400;
constexpr std::size_t kFinishedPerMessage = 1000;
// What they have not taken yet is held for each: one message of finished trials.
constexpr std::size_t kMaxWatchers = 1000;
constexpr absl::Duration kStopCheck = absl::Milliseconds(200);

bool AllFinal(const v1::Sweep& sweep) {
  return sweep.trials().pending() == 0 && sweep.trials().running() == 0;
}

grpc::Status Stopping() {
  return {grpc::StatusCode::UNAVAILABLE, "the coordinator is stopping; watch again when it is back"};
}

grpc::Status TooManyWatchers() {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED,
          absl::StrCat(kMaxWatchers,
                       " streams of WatchSweep are open, as many as are served; end those that nobody "
                       "reads, and watch again")};
}

// The rows of `finished`, read in runs of neighbouring positions.
absl::StatusOr<std::vector<v1::Trial>> ReadFinished(Store& store, const std::string& sweep,
                                                    const SweepSettings& settings,
                                                    std::vector<FinishedTrial> finished) {
  constexpr std::uint64_t kGap = 8;  // rows that are cheaper to read over than to ask again
  std::sort(finished.begin(), finished.end(), [](const auto& a, const auto& b) { return a.position < b.position; });
  std::vector<v1::Trial> trials;
  for (std::size_t begin = 0; begin < finished.size();) {
    std::size_t end = begin + 1;
    while (end < finished.size() && finished[end].position - finished[end - 1].position <= kGap) ++end;
    const std::uint64_t offset = finished[begin].position;
    const auto rows = store.ListResults(sweep, {}, finished[end - 1].position - offset + 1, offset);
    if (!rows.ok()) return rows.status();
    for (; begin < end; ++begin) {
      const std::uint64_t index = finished[begin].position - offset;
      if (index >= rows->size()) continue;
      const ResultRow& row = (*rows)[index];
      if (!IsTerminal(row.trial.state)) continue;  // pending again by now; its next end will be told
      trials.push_back(ToMessage(row, TrialLabel(settings, row)));
    }
  }
  return trials;
}

}  // namespace

absl::StatusOr<WatchUpdate> NextUpdate(SweepViews& views, Store& store, const std::string& sweep,
                                       std::optional<std::uint64_t>& finished_cursor) {
  auto progress = views.Progress(sweep, finished_cursor, kFinishedPerMessage);
  if (!progress.ok()) return progress.status();
  const auto settings = views.Settings(sweep);
  if (!settings.ok()) return settings.status();
  auto finished = ReadFinished(store, sweep, **settings, std::move(progress->finished));
  if (!finished.ok()) return finished.status();
  finished_cursor = progress->finished_cursor;
  WatchUpdate update{.message = ToMessage(*progress), .complete = progress->all_finished_told};
  for (v1::Trial& trial : *finished) *update.message.add_finished() = std::move(trial);
  return update;
}

// One stream. Only the hub's serving thread writes and finishes, so a watcher lives at least until that thread has
// called Finish. gRPC's own thread reports back through the three On… functions.
class WatchHub::Watcher : public grpc::ServerWriteReactor<v1::WatchSweepResponse> {
 public:
  Watcher(WatchHub& hub, const v1::WatchSweepRequest& request)
      : hub_(hub),
        sweep(request.name()),
        interval(absl::Seconds(request.min_interval_seconds() == 0
                                   ? kDefaultSeconds
                                   : std::min(request.min_interval_seconds(), kLongestSeconds))) {}

  void OnWriteDone(bool ok) override {
    message = {};
    absl::MutexLock lock(&hub_.mutex_);
    writing = false;
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
      hub_.watchers_.erase(this);
      hub_.something_new_.Signal();
    }
    delete this;
  }

 private:
  WatchHub& hub_;

 public:
  const std::string sweep;
  const absl::Duration interval;
  // Guarded by the hub's mutex.
  bool writing = false;
  bool cancelled = false;
  bool finished = false;  // Finish was called
  std::uint64_t seen_version = 0;
  absl::Time next_message = absl::InfinitePast();
  // Of the serving thread alone.
  std::optional<std::uint64_t> finished_cursor;
  v1::WatchSweepResponse message;  // gRPC's while `writing`
  bool is_up_to_date = true;       // else a part of the last update is left to be told
  bool last_is_final = false;
};

WatchHub::WatchHub(SweepViews& views, Store& store)
    : views_(views), store_(store), follower_([this] { FollowChanges(); }), server_([this] { ServeWatchers(); }) {}

WatchHub::~WatchHub() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = destroying_ = true;
    something_new_.Signal();
  }
  follower_.join();
  server_.join();
}

void WatchHub::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  something_new_.Signal();
}

grpc::ServerWriteReactor<v1::WatchSweepResponse>* WatchHub::Watch(const v1::WatchSweepRequest& request) {
  auto* watcher = new Watcher(*this, request);
  const double seconds = request.min_interval_seconds();
  grpc::Status refusal;
  if (seconds != 0 && !(seconds >= kShortestSeconds)) {
    refusal = BadRequest(
        {{.key = "min_interval_seconds", .message = "is too short", .fix = "at least 0.1, or 0 for 1 second"}});
  }
  {
    absl::MutexLock lock(&mutex_);
    if (watchers_.size() >= kMaxWatchers) refusal = TooManyWatchers();
    watcher->finished = !refusal.ok();
    watchers_.insert(watcher);
    something_new_.Signal();
  }
  if (!refusal.ok()) watcher->Finish(refusal);
  return watcher;
}

void WatchHub::FollowChanges() {
  std::uint64_t seen = 0;
  const auto is_wanted = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !watchers_.empty(); };
  for (;;) {
    {
      // While nobody watches, no push has to wake this thread.
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&is_wanted));
      if (stopping_) return;
    }
    const bool changed = views_.WaitForChange(seen, absl::Now() + kStopCheck);
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    if (!changed) continue;
    ++version_;
    something_new_.Signal();
  }
}

// A watcher with something to do now; else null, and `wake` is when the next one may have.
WatchHub::Watcher* WatchHub::NextDue(absl::Time now, absl::Time& wake) {
  wake = absl::InfiniteFuture();
  for (Watcher* watcher : watchers_) {
    if (watcher->writing || watcher->finished) continue;
    if (stopping_ || watcher->cancelled || !watcher->is_up_to_date || watcher->last_is_final) return watcher;
    if (watcher->seen_version == version_) continue;
    if (watcher->next_message <= now) return watcher;
    wake = std::min(wake, watcher->next_message);
  }
  return nullptr;
}

void WatchHub::ServeWatchers() {
  for (;;) {
    Watcher* due = nullptr;
    std::uint64_t version = 0;
    bool stop = false;
    {
      absl::MutexLock lock(&mutex_);
      absl::Time wake;
      while ((due = NextDue(absl::Now(), wake)) == nullptr) {
        if (destroying_ && watchers_.empty()) return;
        something_new_.WaitWithDeadline(&mutex_, wake);
      }
      version = version_;
      stop = stopping_;
      due->finished = stop || due->cancelled;
    }
    if (due->finished) {
      due->Finish(stop ? Stopping() : grpc::Status::CANCELLED);
    } else {
      Serve(*due, version);
    }
  }
}

// Goes one step on: writes the next message, or ends the stream. Never under the mutex, because gRPC may call a watcher
// back from within StartWrite and Finish.
void WatchHub::Serve(Watcher& watcher, std::uint64_t version) {
  absl::Status failure;
  bool finish = watcher.last_is_final;
  if (!finish) {
    failure = Refill(watcher);
    finish = !failure.ok();
  }
  {
    absl::MutexLock lock(&mutex_);
    watcher.seen_version = version;
    watcher.next_message = absl::Now() + watcher.interval;
    watcher.writing = !finish;
    watcher.finished = finish;
  }
  if (finish) {
    watcher.Finish(ToGrpcStatus(failure));
  } else {
    watcher.StartWrite(&watcher.message);
  }
}

absl::Status WatchHub::Refill(Watcher& watcher) {
  try {
    auto update = NextUpdate(views_, store_, watcher.sweep, watcher.finished_cursor);
    if (!update.ok()) return update.status();
    watcher.message = std::move(update->message);
    watcher.is_up_to_date = update->complete;
    watcher.last_is_final = update->complete && AllFinal(watcher.message.sweep());
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace ofsweep
