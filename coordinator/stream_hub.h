#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/sweep_views.h"

namespace ofsweep {

// How long an answer is kept for a client that takes nothing of it while others want its place.
inline constexpr absl::Duration kReaderPatience = absl::Seconds(30);

// How many streams of one RPC are served at once.
struct StreamLimits {
  std::size_t streams = 1000;
  std::size_t of_one_caller = 500;
  absl::Duration patience = kReaderPatience;
  absl::Duration longest = absl::Hours(12);  // then a stream ends with UNAVAILABLE, and its client opens another
};

// Serves all open streams of one RPC from two threads: one waits for changes in the coordinator, the other writes to
// the streams that are due. That is why such an RPC uses gRPC's callback interface: a thousand streams cost no thread,
// and each holds one message, however slowly it is read.
class StreamHub {
 public:
  // What a stream does next, and when it is due after that: at `due`, or when it is noted before, but not before
  // `earliest`.
  struct Step {
    enum Kind { kWrite, kWait, kEnd };  // kWrite: the message is filled
    Kind kind = kEnd;
    absl::Time due = absl::InfiniteFuture();
    absl::Time earliest = absl::InfinitePast();
  };

  // A ServerStream without the type of its messages. Lives until gRPC is done with it, and at least until the hub has
  // finished it.
  class Stream {
   public:
    virtual ~Stream() = default;

   protected:
    // On the hub's serving thread, not under its mutex, because gRPC may call a stream back from within the last two.
    virtual absl::StatusOr<Step> Next() = 0;  // an error ends the stream with it
    virtual void WriteNext() = 0;
    virtual void FinishWith(const grpc::Status& status) = 0;
    virtual void Cancel() = 0;

   private:
    friend class StreamHub;
    // Guarded by the hub's mutex.
    bool writing_ = false;
    absl::Time writing_since_;  // while it is
    bool overdue_ = false;      // its client takes nothing, and others want its place, or its time is over
    std::string caller_;
    absl::Time ends_at_;
    bool cancelled_ = false;
    bool finished_ = false;
    absl::Time due_ = absl::InfinitePast();
    absl::Time earliest_ = absl::InfinitePast();
  };

  // `rpc` names it in refusals. After a change in `live`, which may be null, every stream is due, and again after
  // `between_changes` at the soonest. `live` must outlive the hub.
  StreamHub(std::string rpc, SweepViews* live, absl::Duration between_changes, StreamLimits limits = {});
  // Call Stop, shut the gRPC server down, then destroy: waits until gRPC has let go of every stream.
  ~StreamHub();

  // Takes in a stream that gRPC has asked for, or refuses it unless `refusal` is OK. Never blocks: gRPC calls this on
  // its own thread. RESOURCE_EXHAUSTED where as many as are served are open, or of that caller (LimitKey) as many as
  // one may have; then those of them are ended whose clients have taken nothing for long.
  void Add(Stream& stream, grpc::Status refusal, const std::string& caller = "");
  // Streams that it holds for are due. Called under the hub's mutex.
  void Note(const std::function<bool(const Stream&)>& concerns);
  // Ends all streams, and those still to come, with UNAVAILABLE.
  void Stop();

  // ---- what gRPC says of a stream ----

  void OnWritten(Stream& stream, bool ok);
  void OnCancelled(Stream& stream);
  void OnGone(Stream& stream);

 private:
  void FollowChanges();
  void ServeStreams();
  void Serve(Stream& stream);
  // OK where there is a place for one more of that caller.
  grpc::Status FindPlace(const std::string& caller) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Stream* NextDue(absl::Time now, absl::Time& wake) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string rpc_;
  SweepViews* const live_;
  const absl::Duration between_changes_;
  const StreamLimits limits_;
  absl::Mutex mutex_;
  absl::CondVar something_new_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool destroying_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<Stream*> streams_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> streams_of_ ABSL_GUARDED_BY(mutex_);  // by caller
  std::thread follower_;                                                   // none without `live`
  std::thread server_;
};

// A stream of these messages. To be made with new: it deletes itself.
template <class Message>
class ServerStream : public grpc::ServerWriteReactor<Message>, public StreamHub::Stream {
 public:
  // `context` is the call's own.
  ServerStream(StreamHub& hub, grpc::CallbackServerContext& context) : hub_(hub), context_(context) {}

  void OnWriteDone(bool ok) final {
    message_ = {};
    hub_.OnWritten(*this, ok);
  }
  void OnCancel() final { hub_.OnCancelled(*this); }
  void OnDone() final {
    hub_.OnGone(*this);
    delete this;
  }

 protected:
  Message message_;  // for Next to fill; then gRPC's until it is written

 private:
  void WriteNext() final { this->StartWrite(&message_); }
  void FinishWith(const grpc::Status& status) final { this->Finish(status); }
  void Cancel() final { context_.TryCancel(); }

  StreamHub& hub_;
  grpc::CallbackServerContext& context_;
};

}  // namespace ofsweep
