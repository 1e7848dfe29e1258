#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <queue>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/control_plane/bench_worker.h"
#include "bench/control_plane/meter.h"
#include "bench/control_plane/workers.h"

namespace ofsweep {
namespace {

struct Member {
  std::unique_ptr<BenchWorker> worker;
  v1::Start start;
  bool has_trial = false;
  long step = 0;
};

struct Due {
  Instant at;
  long member = 0;
  bool is_push = false;

  bool operator<(const Due& other) const { return at > other.at; }  // the earliest is the queue's top
};

struct Call {
  Due due;
  grpc::ClientContext context;
  grpc::Status status;
  v1::SynchronizeResponse answer;
  v1::PushMetricsResponse acknowledged;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::SynchronizeResponse>> synchronize;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::PushMetricsResponse>> push;
};

class Fleet {
 public:
  explicit Fleet(const Arguments& arguments)
      : points_(arguments.Number("points", 20)),
        is_echo_(arguments.Flag("echo")),
        call_seconds_(static_cast<double>(arguments.Number("call_ms", 1000)) / 1000) {
    const long workers = arguments.Number("workers", 1000);
    const double warm = static_cast<double>(arguments.Number("warm", 5));
    for (long i = 0; i < workers; ++i) {
      const std::string id = arguments.Text("prefix", "heart") + std::to_string(i);
      members_.push_back({.worker = std::make_unique<BenchWorker>(arguments, id)});
      due_.push({Now() + Seconds(warm / 2 * static_cast<double>(i) / static_cast<double>(workers)), i, false});
    }
  }
  ~Fleet() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) delete static_cast<Call*>(tag);
  }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void RunUntil(Instant end) {
    while (Now() < end) {
      for (; !due_.empty() && due_.top().at <= Now(); due_.pop()) Send(due_.top());
      const Instant wake = due_.empty() ? end : std::min(end, due_.top().at);
      void* tag = nullptr;
      bool ok = false;
      const auto wait = std::max(wake - Now(), std::chrono::steady_clock::duration::zero());
      if (queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + wait) != grpc::CompletionQueue::GOT_EVENT) {
        continue;
      }
      Receive(std::unique_ptr<Call>(static_cast<Call*>(tag)));
    }
  }

  void ForgetLatencies() { synchronize_.clear(), push_.clear(); }

  nlohmann::json ToJson() const {
    return {{"running", std::count_if(members_.begin(), members_.end(), [](const Member& m) { return m.has_trial; })},
            {"errors", errors_},
            {"call_seconds", call_seconds_},
            {"calls", synchronize_.size() + push_.size()},
            {"synchronize", Summary(synchronize_)},
            {"push", Summary(push_)}};
  }

 private:
  void Send(const Due& due) {
    Member& member = members_[due.member];
    auto* call = new Call{.due = due};  // owned by its tag in the queue
    if (due.is_push) {
      v1::PushMetricsRequest push = member.worker->NewPush();
      FillRow(++member.step, points_, *AddTrial(member.start, points_, push).add_rows());
      call->push = member.worker->stub().AsyncPushMetrics(&call->context, push, &queue_);
      call->push->Finish(&call->acknowledged, &call->status, call);
      return;
    }
    v1::SynchronizeRequest report = member.worker->NewReport(1);
    if (member.has_trial) AddRunning(member.start, member.step, report);
    call->synchronize = member.worker->stub().AsyncSynchronize(&call->context, report, &queue_);
    call->synchronize->Finish(&call->answer, &call->status, call);
  }

  void Receive(std::unique_ptr<Call> call) {
    if (!call->status.ok() && ++errors_ == 1) {
      std::fprintf(stderr, "heartbeats: %s\n", call->status.error_message().c_str());
    }
    Due& due = call->due;
    (due.is_push ? push_ : synchronize_).push_back(SecondsSince(due.at));
    double next = 1;
    if (!due.is_push) {
      if (call->status.ok() && !is_echo_) Follow(members_[due.member], call->answer);
      next = call_seconds_;
      BeginPushes(due.member);
    }
    due.at = std::max(Now(), due.at + Seconds(next));
    due_.push(due);
  }

  void Follow(Member& member, const v1::SynchronizeResponse& answer) {
    call_seconds_ = answer.next_call_seconds();
    member.worker->Follow(answer.database());
    if (!member.has_trial && answer.start_size() > 0) member.start = answer.start(0);
  }

  void BeginPushes(long number) {
    Member& member = members_[number];
    if (member.has_trial || (!is_echo_ && member.start.trial_id().empty())) return;
    member.has_trial = true;
    if (points_ > 0) due_.push({Now() + std::chrono::milliseconds(number % 1000), number, true});
  }

  const long points_;
  const bool is_echo_;
  double call_seconds_;
  std::vector<Member> members_;
  std::priority_queue<Due> due_;
  grpc::CompletionQueue queue_;
  Latencies synchronize_;
  Latencies push_;
  long errors_ = 0;
};

}  // namespace

nlohmann::json Heartbeats(const Arguments& arguments) {
  const double warm = static_cast<double>(arguments.Number("warm", 5));
  const double seconds = static_cast<double>(arguments.Number("seconds", 15));
  Fleet fleet(arguments);
  const Instant began = Now();
  fleet.RunUntil(began + Seconds(warm));
  fleet.ForgetLatencies();
  const Meter meter(arguments);
  fleet.RunUntil(began + Seconds(warm + seconds));
  nlohmann::json result = meter.Read();
  result.update(fleet.ToJson());
  result["resident_mb"] = ResidentMegabytes(arguments.Number("pid", 0));
  return result;
}

}  // namespace ofsweep
