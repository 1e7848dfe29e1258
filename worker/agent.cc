#include "worker/agent.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/data_folder.h"
#include "host/cores.h"
#include "host/memory.h"
#include "monitoring/http_server.h"
#include "monitoring/status_pages.h"
#include "ofsweep/v1/worker.grpc.pb.h"
#include "worker/call_loop.h"
#include "worker/channel.h"
#include "worker/end_watch.h"
#include "worker/host.h"
#include "worker/log_forwarder.h"
#include "worker/point_forwarder.h"
#include "worker/supervisor.h"
#include "worker/worker_identity.h"
#include "worker/worker_metrics.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Bounds on what the coordinator may ask for as the pause between two calls.
constexpr milliseconds kShortestPause{20};
constexpr milliseconds kLongestPause{60'000};

milliseconds PauseAfter(const v1::SynchronizeResponse& told) {
  const double seconds = std::isfinite(told.next_call_seconds()) ? told.next_call_seconds() : 0;
  return std::clamp(milliseconds(std::llround(std::clamp(seconds, 0.0, 3600.0) * 1000)), kShortestPause, kLongestPause);
}

// The loop, and the three conversations that run on it.
class AgentLoop : public Agent {
 public:
  AgentLoop(AgentOptions options, std::string worker_key, std::vector<Gpu> gpus, UniqueFd lock,
            const std::shared_ptr<grpc::Channel>& channel)
      : options_(std::move(options)),
        worker_key_(std::move(worker_key)),
        gpus_(std::move(gpus)),
        lock_(std::move(lock)),
        folder_(FolderIdentity(options_.data_dir)),
        database_id_(LoadDatabaseId(options_.data_dir)),
        stub_(v1::WorkerService::NewStub(channel)),
        work_(boost::asio::make_work_guard(io_)),
        drain_timer_(io_),
        metrics_(gpus_),
        end_watch_(io_, options_,
                   [this](const std::string& why, const absl::Status& status) { EndByItself(why, status); }),
        supervisor_(io_, options_, gpus_, metrics_,
                    {.on_points = [this] { push_.Soon(); },
                     .on_change = [this] { synchronize_.Soon(); },
                     .on_let_go =
                         [this] {
                           NoteActivity();
                           push_logs_.Soon();  // the rest of one that has ended
                           FinishIfDone();
                         },
                     .on_log = [this](const Attempt& attempt, bool is_new) { logs_.Follow(attempt, is_new); },
                     .on_phases = [this](const std::vector<PhaseTime>& phases) { end_watch_.Observe(phases); }}),
        points_(options_, supervisor_, [this] { synchronize_.Soon(); }),
        logs_(supervisor_),
        push_(io_, options_.max_backoff, PushHooks()),
        push_logs_(io_, options_.max_backoff, PushLogsHooks()),
        logs_timer_(io_),
        synchronize_(io_, options_.max_backoff, SynchronizeHooks()) {}

  absl::Status ServeHttp();
  absl::Status Run(std::stop_token stop) override;
  const std::string& worker_id() const override { return options_.worker_id; }
  int slots() const override { return options_.slots; }
  std::string http_address() const override { return http_ ? http_->address() : ""; }

 private:
  using SynchronizeLoop = CallLoop<v1::SynchronizeRequest, v1::SynchronizeResponse>;
  using PushLoop = CallLoop<v1::PushMetricsRequest, v1::PushMetricsResponse>;
  using PushLogsLoop = CallLoop<v1::PushLogRequest, v1::PushLogResponse>;

  PushLoop::Hooks PushHooks();
  PushLogsLoop::Hooks PushLogsHooks();
  void WatchLogs();
  SynchronizeLoop::Hooks SynchronizeHooks();
  v1::SynchronizeRequest State() const;
  std::optional<milliseconds> Follow(const v1::SynchronizeResponse& told);
  absl::Status Belong(const std::string& database_id);
  void TellFailure(const grpc::Status& status);
  void NoteActivity();
  void EndByItself(const std::string& why, const absl::Status& status);
  void ShutDown(const std::string& why);
  bool IsAllTold() const { return supervisor_.empty() && (goodbye_heard_ || away_); }
  void FinishIfDone();
  void Finish();

  const AgentOptions options_;
  const std::string worker_key_;  // proves options_.worker_id
  const std::vector<Gpu> gpus_;
  UniqueFd lock_;
  const std::string folder_;
  std::string database_id_;  // "" before the first answer
  std::unique_ptr<v1::WorkerService::StubInterface> stub_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer drain_timer_;
  WorkerMetrics metrics_;
  EndWatch end_watch_;
  Supervisor supervisor_;
  PointForwarder points_;
  LogForwarder logs_;
  PushLoop push_;
  PushLogsLoop push_logs_;
  boost::asio::steady_timer logs_timer_;
  SynchronizeLoop synchronize_;
  bool shutting_down_ = false;
  absl::Status end_status_;     // of Run
  bool says_goodbye_ = false;   // the newest call, with its 0 slots
  bool goodbye_heard_ = false;  // so that the coordinator does not take this worker for lost
  bool draining_ = false;
  bool finished_ = false;
  bool away_ = false;                     // the last call failed, or was answered by another database's coordinator
  bool refused_ = false;                  // at the last call: another folder has this worker's id
  std::string reason_;                    // why nothing more was assigned, as last logged
  std::atomic<bool> is_answered_{false};  // by the coordinator, at the last call
  std::unique_ptr<HttpServer> http_;      // null: none; its handlers read metrics_ and is_answered_ alone
};

absl::Status AgentLoop::ServeHttp() {
  auto http = ServeStatusPages({.address = options_.http},
                               {.title = "ofsweep worker " OFSWEEP_VERSION,
                                .scrape = [this] { return metrics_.Scrape(); },
                                .ready =
                                    [this] {
                                      return is_answered_ ? absl::OkStatus()
                                                          : absl::UnavailableError("the coordinator does not answer");
                                    },
                                .ready_help = "the coordinator answers it"});
  if (!http.ok()) return http.status();
  http_ = *std::move(http);
  return absl::OkStatus();
}

absl::Status AgentLoop::Run(std::stop_token stop) {
  try {
    if (absl::Status status = supervisor_.Open(); !status.ok()) return status;
    spdlog::info("worker {}: {} slots, {} GPUs, data in {}", options_.worker_id, options_.slots, gpus_.size(),
                 options_.data_dir);
    synchronize_.Soon();
    push_.Soon();
    WatchLogs();
    end_watch_.Start();
    std::stop_callback on_stop(stop,
                               [this] { boost::asio::post(io_, [this] { ShutDown("its worker was stopped"); }); });
    io_.run();
    return end_status_;
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("the worker failed: ", error.what()));
  }
}

AgentLoop::PushLoop::Hooks AgentLoop::PushHooks() {
  return {.send =
              [this](grpc::ClientContext* context, const v1::PushMetricsRequest* request,
                     v1::PushMetricsResponse* response, std::function<void(grpc::Status)> done) {
                stub_->async()->PushMetrics(context, request, response, std::move(done));
              },
          .next = [this] { return points_.Next(); },
          .on_answer = [this](const v1::PushMetricsResponse& response) { return points_.OnAnswer(response); },
          .on_failure = [this](const grpc::Status& status) { points_.OnFailure(status); }};
}

AgentLoop::PushLogsLoop::Hooks AgentLoop::PushLogsHooks() {
  return {.send =
              [this](grpc::ClientContext* context, const v1::PushLogRequest* request, v1::PushLogResponse* response,
                     std::function<void(grpc::Status)> done) {
                stub_->async()->PushLog(context, request, response, std::move(done));
              },
          .next = [this] { return logs_.Next(); },
          .on_answer = [this](const v1::PushLogResponse& response) -> std::optional<milliseconds> {
            if (!logs_.OnAnswer(response)) return std::nullopt;
            boost::asio::post(io_, [this] { FinishIfDone(); });
            return logs_.hurries() ? milliseconds(0) : options_.push_logs_every;
          },
          .on_failure =
              [this](const grpc::Status& status) {
                logs_.OnFailure(status);
                boost::asio::post(io_, [this] { FinishIfDone(); });
              }};
}

void AgentLoop::WatchLogs() {
  logs_timer_.expires_after(options_.push_logs_every);
  logs_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || finished_) return;
    push_logs_.Soon();
    WatchLogs();
  });
}

AgentLoop::SynchronizeLoop::Hooks AgentLoop::SynchronizeHooks() {
  return {.send =
              [this](grpc::ClientContext* context, const v1::SynchronizeRequest* request,
                     v1::SynchronizeResponse* response, std::function<void(grpc::Status)> done) {
                stub_->async()->Synchronize(context, request, response, std::move(done));
              },
          .next =
              [this] {
                says_goodbye_ = shutting_down_;
                return State();
              },
          .on_answer = [this](const v1::SynchronizeResponse& told) { return Follow(told); },
          .on_failure =
              [this](const grpc::Status& status) {
                is_answered_ = false;
                boost::asio::post(io_, [this] { FinishIfDone(); });
                const bool is_refused = status.error_code() == grpc::StatusCode::ALREADY_EXISTS;
                const bool was_refused = std::exchange(refused_, is_refused);
                const bool is_news = !std::exchange(away_, true) || is_refused != was_refused;
                NoteActivity();
                if (is_news) TellFailure(status);
              }};
}

void AgentLoop::TellFailure(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::ALREADY_EXISTS) {  // an answer, and for a person to act on
    spdlog::error("{}", status.error_message());
  } else {
    const std::string advice = ConnectionAdvice(status);
    spdlog::warn("the coordinator {} ({}); training goes on",
                 status.error_code() == grpc::StatusCode::UNAVAILABLE ? "does not answer" : "refuses this worker",
                 advice.empty() ? status.error_message() : advice);
  }
}

v1::SynchronizeRequest AgentLoop::State() const {
  v1::SynchronizeRequest request;
  request.set_worker_id(options_.worker_id);
  request.set_worker_key(worker_key_);
  request.set_host(WorkerHost());
  request.set_slots(shutting_down_ ? 0 : static_cast<std::uint32_t>(supervisor_.offered_slots()));
  for (const Gpu& gpu : gpus_) {
    v1::Device& device = *request.add_devices();
    device.set_kind("cuda");
    device.set_model(gpu.model);
  }
  if (gpus_.empty()) {
    v1::Device& device = *request.add_devices();
    device.set_kind("cpu");
    device.set_model(CpuModel());
    device.set_memory_bytes(static_cast<std::uint64_t>(MemoryBytes() / options_.slots));
  }
  request.set_version(OFSWEEP_VERSION);
  request.set_http_address(http_address());
  request.set_folder(folder_);
  if (const auto left = end_watch_.TimeLeft()) {
    request.set_seconds_left(std::chrono::duration<double>(*left).count());
  }
  supervisor_.Report(request);
  request.mutable_database()->set_id(database_id_);
  return request;
}

std::optional<milliseconds> AgentLoop::Follow(const v1::SynchronizeResponse& told) {
  if (const absl::Status status = Belong(told.database().id()); !status.ok()) {
    is_answered_ = false;
    away_ = true;
    const std::string message(status.message());
    if (std::exchange(reason_, message) != message) spdlog::error("{}", message);
    boost::asio::post(io_, [this] { FinishIfDone(); });
    NoteActivity();
    return PauseAfter(told);
  }
  is_answered_ = true;
  refused_ = false;
  if (says_goodbye_ && !std::exchange(goodbye_heard_, true)) boost::asio::post(io_, [this] { FinishIfDone(); });
  if (std::exchange(away_, false)) spdlog::info("the coordinator answers again");
  if (std::exchange(reason_, told.reason()) != told.reason() && !reason_.empty()) spdlog::info("{}", reason_);
  supervisor_.Apply(told);
  NoteActivity();
  return PauseAfter(told);
}

// What is in the folder is of use to the database that lent it, and to no other.
absl::Status AgentLoop::Belong(const std::string& database_id) {
  if (database_id.empty()) {
    return absl::FailedPreconditionError(
        "the coordinator does not say which database it has: it is of another version");
  }
  if (database_id_ == database_id) return absl::OkStatus();
  if (!database_id_.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the coordinator has another database (", database_id, ") than the one that ", options_.data_dir,
                     " belongs to (", database_id_,
                     "): its trials go on, and nothing is deleted; start the right coordinator, or give ",
                     "this worker another --data-dir"));
  }
  if (absl::Status status = StoreDatabaseId(options_.data_dir, database_id); !status.ok()) return status;
  database_id_ = database_id;
  return absl::OkStatus();
}

void AgentLoop::NoteActivity() {
  using Activity = EndWatch::Activity;
  end_watch_.Note(!supervisor_.empty() ? Activity::kBusy : away_ ? Activity::kUnanswered : Activity::kIdle);
}

void AgentLoop::EndByItself(const std::string& why, const absl::Status& status) {
  if (shutting_down_) return;
  spdlog::info("{}", why);
  end_status_ = status;
  ShutDown(why);
}

// `why` is told of the attempts that it ends.
void AgentLoop::ShutDown(const std::string& why) {
  if (std::exchange(shutting_down_, true)) return;
  spdlog::info("stopping: trainers write their checkpoints");
  supervisor_.ShutDown(why);
  synchronize_.Soon();
  FinishIfDone();
}

void AgentLoop::FinishIfDone() {
  if (!shutting_down_ || finished_ || supervisor_.any_alive()) return;
  if (IsAllTold() && (logs_.done() || away_)) return Finish();
  push_logs_.Soon();
  if (std::exchange(draining_, true)) return;
  drain_timer_.expires_after(options_.drain_grace);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (IsAllTold()) return Finish();
    spdlog::warn("stopping before the coordinator has heard everything; the next start goes on with {}",
                 OutboxFolder(options_.data_dir));
    Finish();
  });
}

// The calls' completions still have to arrive on the loop, which then has nothing left to do and ends.
void AgentLoop::Finish() {
  if (std::exchange(finished_, true)) return;
  drain_timer_.cancel();
  logs_timer_.cancel();
  end_watch_.Close();
  push_.Close();
  push_logs_.Close();
  synchronize_.Close();
  supervisor_.Close();
  work_.reset();
}

absl::Status CheckTrainer(const std::string& path) {
  if (::access(path.c_str(), X_OK) == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("there is no trainer at ", path,
                                          ", where ofsweep-trainer belongs; `ofsweep doctor` says how to get it"));
}

}  // namespace

grpc::ChannelArguments WorkerChannelArguments() {
  grpc::ChannelArguments arguments = CoordinatorChannelArguments();
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  // A coordinator whose host vanished is noticed without waiting for TCP.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetMaxReceiveMessageSize(64 << 20);  // assignments of a large machine carry their configurations
  return arguments;
}

absl::StatusOr<std::unique_ptr<Agent>> Agent::Create(AgentOptions options,
                                                     const std::shared_ptr<grpc::Channel>& channel) {
  std::error_code error;
  options.data_dir = fs::absolute(options.data_dir, error).lexically_normal().string();
  const std::string outbox = OutboxFolder(options.data_dir);
  fs::create_directories(outbox, error);
  if (error) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot make ", outbox, ": ", error.message(), "; give the worker another --data-dir"));
  }
  absl::StatusOr<UniqueFd> lock = LockDataDir(options.data_dir);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<WorkerIdentity> identity = LoadWorkerIdentity(options.data_dir, options.worker_id);
  if (!identity.ok()) return identity.status();
  options.worker_id = identity->id;
  if (options.trainer_path.empty()) options.trainer_path = BesideThisExecutable("ofsweep-trainer");
  options.trainer_path = fs::absolute(options.trainer_path, error).string();
  if (absl::Status status = CheckTrainer(options.trainer_path); !status.ok()) return status;
  std::vector<Gpu> gpus = FindGpus(std::getenv("CUDA_VISIBLE_DEVICES"));
  if (options.slots <= 0) options.slots = gpus.empty() ? UsableCores() : static_cast<int>(gpus.size());
  const bool serves = !options.http.empty();
  auto agent = std::make_unique<AgentLoop>(std::move(options), std::move(identity->key), std::move(gpus),
                                           *std::move(lock), channel);
  if (serves) {
    if (absl::Status status = agent->ServeHttp(); !status.ok()) return status;
  }
  return agent;
}

}  // namespace ofsweep
