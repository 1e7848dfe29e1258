#include "coordinator/stream_hub.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc_status.h"

namespace ofsweep {
namespace {

constexpr absl::Duration kStopCheck = absl::Milliseconds(200);

grpc::Status IsStopping(const std::string& rpc) {
  return {grpc::StatusCode::UNAVAILABLE,
          absl::StrCat("the coordinator is stopping; call ", rpc, " again when it is back")};
}

grpc::Status TooMany(const std::string& rpc, std::size_t streams) {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED,
          absl::StrCat(streams, " streams of ", rpc, " are open, as many as are served; end those that nobody ",
                       "reads, and call it again")};
}

grpc::Status TooManyOf(const std::string& caller, const std::string& rpc, std::size_t streams) {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED,
          absl::StrCat(caller, " has ", streams, " streams of ", rpc, " open, as many as one caller may have; end ",
                       "those that nobody reads, and call it again")};
}

grpc::Status IsOver(const std::string& rpc, absl::Duration longest) {
  return {grpc::StatusCode::UNAVAILABLE, absl::StrCat("this stream was open for ", absl::FormatDuration(longest),
                                                      ", as long as one may be; call ", rpc, " again")};
}

}  // namespace

StreamHub::StreamHub(std::string rpc, SweepViews* live, absl::Duration between_changes, StreamLimits limits)
    : rpc_(std::move(rpc)), live_(live), between_changes_(between_changes), limits_(limits) {
  server_ = std::thread([this] { ServeStreams(); });
  if (live_ != nullptr) follower_ = std::thread([this] { FollowChanges(); });
}

StreamHub::~StreamHub() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = destroying_ = true;
    something_new_.Signal();
  }
  if (follower_.joinable()) follower_.join();
  server_.join();
}

void StreamHub::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  something_new_.Signal();
}

void StreamHub::Add(Stream& stream, grpc::Status refusal, const std::string& caller) {
  {
    absl::MutexLock lock(&mutex_);
    if (refusal.ok()) refusal = FindPlace(caller);
    stream.finished_ = !refusal.ok();
    stream.caller_ = caller;
    stream.ends_at_ = absl::Now() + limits_.longest;
    streams_.insert(&stream);
    ++streams_of_[caller];
    something_new_.Signal();
  }
  if (!refusal.ok()) stream.FinishWith(refusal);
}

grpc::Status StreamHub::FindPlace(const std::string& caller) {
  const auto of_caller = streams_of_.find(caller);
  const bool is_full = streams_.size() >= limits_.streams;
  const bool has_too_many = of_caller != streams_of_.end() && of_caller->second >= limits_.of_one_caller;
  if (!is_full && !has_too_many) return grpc::Status::OK;
  const absl::Time now = absl::Now();
  for (Stream* open : streams_) {
    const bool is_in_the_way = !has_too_many || open->caller_ == caller;
    open->overdue_ |= is_in_the_way && open->writing_ && now - open->writing_since_ >= limits_.patience;
  }
  return has_too_many ? TooManyOf(caller, rpc_, limits_.of_one_caller) : TooMany(rpc_, limits_.streams);
}

void StreamHub::Note(const std::function<bool(const Stream&)>& concerns) {
  absl::MutexLock lock(&mutex_);
  for (Stream* stream : streams_) {
    if (concerns(*stream)) stream->due_ = absl::InfinitePast();
  }
  something_new_.Signal();
}

void StreamHub::OnWritten(Stream& stream, bool ok) {
  absl::MutexLock lock(&mutex_);
  stream.writing_ = false;
  if (!ok) stream.cancelled_ = true;
  something_new_.Signal();
}

void StreamHub::OnCancelled(Stream& stream) {
  absl::MutexLock lock(&mutex_);
  stream.cancelled_ = true;
  something_new_.Signal();
}

void StreamHub::OnGone(Stream& stream) {
  absl::MutexLock lock(&mutex_);
  streams_.erase(&stream);
  const auto of_caller = streams_of_.find(stream.caller_);
  if (--of_caller->second == 0) streams_of_.erase(of_caller);
  something_new_.Signal();
}

void StreamHub::FollowChanges() {
  std::uint64_t seen = 0;
  const auto is_wanted = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !streams_.empty(); };
  for (;;) {
    {
      // While there is no stream, no push has to wake this thread.
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&is_wanted));
      if (stopping_) return;
    }
    const bool changed = live_->WaitForChange(seen, absl::Now() + kStopCheck);
    if (changed) Note([](const Stream&) { return true; });
    absl::MutexLock lock(&mutex_);
    if (changed) mutex_.AwaitWithTimeout(absl::Condition(&stopping_), between_changes_);
    if (stopping_) return;
  }
}

// A stream that is overdue, or has something to do now; else null, and `wake` is when the next one has.
StreamHub::Stream* StreamHub::NextDue(absl::Time now, absl::Time& wake) {
  wake = absl::InfiniteFuture();
  for (Stream* stream : streams_) {
    const bool is_over = stream->ends_at_ <= now && !stream->finished_;
    if (is_over && stream->writing_) {
      stream->overdue_ = true;
      stream->ends_at_ = absl::InfiniteFuture();
    }
    if (stream->overdue_) return stream;
    if (!stream->finished_) wake = std::min(wake, stream->ends_at_);
    if (stream->writing_ || stream->finished_) continue;
    const absl::Time due = std::min(std::max(stream->due_, stream->earliest_), stream->ends_at_);
    if (stopping_ || stream->cancelled_ || due <= now) return stream;
    wake = std::min(wake, due);
  }
  return nullptr;
}

void StreamHub::ServeStreams() {
  for (;;) {
    Stream* next = nullptr;
    grpc::Status end = grpc::Status::CANCELLED;
    bool is_overdue = false;
    {
      absl::MutexLock lock(&mutex_);
      absl::Time wake;
      while ((next = NextDue(absl::Now(), wake)) == nullptr) {
        if (destroying_ && streams_.empty()) return;
        something_new_.WaitWithDeadline(&mutex_, wake);
      }
      is_overdue = std::exchange(next->overdue_, false);
      if (!is_overdue) {
        const bool is_over = next->ends_at_ <= absl::Now();
        if (is_over) end = IsOver(rpc_, limits_.longest);
        if (stopping_) end = IsStopping(rpc_);
        next->finished_ = stopping_ || next->cancelled_ || is_over;
        next->due_ = absl::InfiniteFuture();  // before it is served: what changes meanwhile makes it due again
      }
    }
    if (is_overdue) {
      next->Cancel();  // this thread finishes it when gRPC has said so, and it is there until then
    } else if (next->finished_) {
      next->FinishWith(end);
    } else {
      Serve(*next);
    }
  }
}

void StreamHub::Serve(Stream& stream) {
  absl::StatusOr<Step> step;
  try {
    step = stream.Next();
  } catch (const std::exception& error) {
    step = absl::InternalError(error.what());
  }
  const bool ends = !step.ok() || step->kind == Step::kEnd;
  {
    absl::MutexLock lock(&mutex_);
    stream.finished_ = ends;
    stream.writing_ = !ends && step->kind == Step::kWrite;
    stream.writing_since_ = absl::Now();
    if (!ends) {
      stream.due_ = std::min(stream.due_, step->due);
      stream.earliest_ = step->earliest;
    }
  }
  if (ends) {
    stream.FinishWith(StorageStatus(step.status()));
  } else if (step->kind == Step::kWrite) {
    stream.WriteNext();
  }
}

}  // namespace ofsweep
