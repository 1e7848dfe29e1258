#include "coordinator/connect_bridge.h"

#include <set>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "coordinator/connect_codec.h"
#include "coordinator/connect_error.h"
#include "coordinator/connect_request.h"
#include "coordinator/grpc_access.h"
#include "coordinator/rpc_status.h"

namespace ofsweep {
namespace {

std::string EndOfStream(const grpc::Status& status) {
  return ConnectEnvelope(kConnectEndOfStream,
                         status.ok() ? "{}" : absl::StrCat(R"({"error":)", ConnectErrorJson(status), "}"));
}

// A request of a stream is told in the stream what is wrong with it.
void Refuse(const ConnectRequest& request, const grpc::Status& status, HttpAnswer& answer) {
  if (request.is_stream()) {
    answer.Send({.content_type = request.content_type(), .body = EndOfStream(status)});
  } else {
    answer.Send(ConnectErrorResponse(status));
  }
}

grpc::Status IsStopping() {
  return {grpc::StatusCode::UNAVAILABLE, "the coordinator is stopping"};
}

// Of what the client sent, nothing else gets there: no header of its own.
void SetUp(const ConnectRequest& request, const Caller& caller, grpc::ClientContext& context) {
  SetCaller(caller, context);
  if (request.timeout) context.set_deadline(absl::ToChronoTime(absl::Now() + *request.timeout));
}

}  // namespace

// What is on its way.
class ConnectBridge::Calls {
 public:
  // False when the bridge has stopped.
  bool Add(grpc::ClientContext* call) {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return false;
    calls_.insert(call);
    return true;
  }

  void Remove(grpc::ClientContext* call) {
    absl::MutexLock lock(&mutex_);
    calls_.erase(call);
  }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for (grpc::ClientContext* call : calls_) call->TryCancel();
    mutex_.Await(absl::Condition(
        +[](Calls* calls) ABSL_SHARED_LOCKS_REQUIRED(calls->mutex_) { return calls->calls_.empty(); }, this));
  }

 private:
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mutex_);
};

// What both kinds of calls need.
struct ConnectBridge::Target {
  std::string rpc;  // "/ofsweep.v1.SweepService/GetSweep"
  Caller caller;
  ConnectRequest request;
  grpc::ByteBuffer message;
  std::shared_ptr<HttpAnswer> answer;
};

class ConnectBridge::UnaryCall {
 public:
  static void Start(const std::shared_ptr<grpc::Channel>& channel, Target target, Calls& calls) {
    auto call = std::make_shared<UnaryCall>();
    call->target_ = std::move(target);
    SetUp(call->target_.request, call->target_.caller, call->context_);
    if (!calls.Add(&call->context_)) return call->Answer(IsStopping());
    grpc::GenericStub(channel).UnaryCall(&call->context_, call->target_.rpc, {}, &call->target_.message,
                                         &call->response_, [call, &calls](const grpc::Status& status) {
                                           call->Answer(status);
                                           call->target_.answer.reset();  // the server may go after Remove
                                           calls.Remove(&call->context_);
                                         });
  }

 private:
  void Answer(const grpc::Status& status) {
    if (!status.ok()) return target_.answer->Send(ConnectErrorResponse(status));
    const ConnectRequest& request = target_.request;
    absl::StatusOr<std::string> body = FromGrpcBytes(request.encoding, *request.method->output_type(), response_);
    if (!body.ok()) return target_.answer->Send(ConnectErrorResponse(ToGrpcStatus(body.status())));
    target_.answer->Send({.content_type = request.content_type(), .body = *std::move(body)});
  }

  grpc::ClientContext context_;
  Target target_;
  grpc::ByteBuffer response_;
};

// Reads a message of the stream when the last one has been taken. Deletes itself.
class ConnectBridge::StreamCall : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static void Start(const std::shared_ptr<grpc::Channel>& channel, Target target, Calls& calls) {
    auto* call = new StreamCall(std::move(target), calls);
    if (!calls.Add(&call->context_)) {
      Refuse(call->target_.request, IsStopping(), *call->target_.answer);
      delete call;
      return;
    }
    call->Begin(channel);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;  // OnDone follows
    const ConnectRequest& request = target_.request;
    const absl::StatusOr<std::string> message =
        FromGrpcBytes(request.encoding, *request.method->output_type(), message_);
    if (!message.ok()) {
      own_error_ = ToGrpcStatus(message.status());
      return context_.TryCancel();
    }
    {
      absl::MutexLock lock(&mutex_);
      if (client_has_gone_) return;
      is_waiting_ = true;
      AddHold();
    }
    target_.answer->Write(ConnectEnvelope(0, *message), [this] {
      StartRead(&message_);
      StopWaiting();
    });
  }

  void OnDone(const grpc::Status& status) override {
    target_.answer->Write(EndOfStream(own_error_.ok() ? status : own_error_), [] {});
    target_.answer->End();
    target_.answer.reset();  // the server may go after Remove
    calls_.Remove(&context_);
    life_->Release();
  }

 private:
  // The answer's callbacks may come when the call is over: they find it gone.
  class Life {
   public:
    explicit Life(StreamCall* call) : call_(call) {}
    void Cancel() {
      absl::MutexLock lock(&mutex_);
      if (call_ != nullptr) call_->NoteGone();
    }
    void Release() {
      StreamCall* call = nullptr;
      {
        absl::MutexLock lock(&mutex_);
        call = std::exchange(call_, nullptr);
      }
      delete call;
    }

   private:
    absl::Mutex mutex_;
    StreamCall* call_ ABSL_GUARDED_BY(mutex_);
  };

  StreamCall(Target target, Calls& calls)
      : target_(std::move(target)), calls_(calls), life_(std::make_shared<Life>(this)) {}

  void Begin(const std::shared_ptr<grpc::Channel>& channel) {
    SetUp(target_.request, target_.caller, context_);
    target_.answer->Begin({.content_type = target_.request.content_type()});
    grpc::GenericStub(channel).PrepareBidiStreamingCall(&context_, target_.rpc, {}, this);
    StartWriteLast(&target_.message, grpc::WriteOptions());
    StartRead(&message_);
    target_.answer->OnGone([life = life_] { life->Cancel(); });
    StartCall();
  }

  void NoteGone() {
    {
      absl::MutexLock lock(&mutex_);
      client_has_gone_ = true;
    }
    context_.TryCancel();
    StopWaiting();
  }

  // Without the hold the call would end, and be deleted, before the client has taken its last message.
  void StopWaiting() {
    {
      absl::MutexLock lock(&mutex_);
      if (!std::exchange(is_waiting_, false)) return;
    }
    RemoveHold();
  }

  grpc::ClientContext context_;
  Target target_;
  Calls& calls_;
  grpc::ByteBuffer message_;
  grpc::Status own_error_;
  const std::shared_ptr<Life> life_;

  absl::Mutex mutex_;
  bool is_waiting_ ABSL_GUARDED_BY(mutex_) = false;  // for the client to take a message
  bool client_has_gone_ ABSL_GUARDED_BY(mutex_) = false;
};

ConnectBridge::ConnectBridge(std::shared_ptr<grpc::Channel> channel, const std::string& service)
    : channel_(std::move(channel)), service_(service), calls_(std::make_unique<Calls>()) {}

ConnectBridge::~ConnectBridge() {
  Stop();
}

std::string ConnectBridge::path() const {
  return absl::StrCat("/", service_, "/");
}

void ConnectBridge::Answer(Caller caller, HttpRequest http, std::shared_ptr<HttpAnswer> answer) {
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service_);
  ParsedConnectRequest parsed = ParseConnectRequest(*service, std::move(http));
  if (parsed.refusal) return answer->Send(*std::move(parsed.refusal));
  Target target{.caller = std::move(caller), .request = std::move(parsed.request), .answer = std::move(answer)};
  ConnectRequest& request = target.request;
  if (!request.status.ok()) return Refuse(request, ToGrpcStatus(request.status), *target.answer);
  absl::StatusOr<grpc::ByteBuffer> message =
      ToGrpcBytes(request.encoding, *request.method->input_type(), request.message);
  if (!message.ok()) return Refuse(request, ToGrpcStatus(message.status()), *target.answer);
  target.message = *std::move(message);
  target.rpc = absl::StrCat(path(), request.method->name());
  if (request.is_stream()) {
    StreamCall::Start(channel_, std::move(target), *calls_);
  } else {
    UnaryCall::Start(channel_, std::move(target), *calls_);
  }
}

void ConnectBridge::Stop() {
  calls_->Stop();
}

}  // namespace ofsweep
