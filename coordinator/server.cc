#include "coordinator/server.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <google/protobuf/util/json_util.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "access/local_coordinators.h"
#include "coordinator/access_service.h"
#include "coordinator/attempt_secrets.h"
#include "coordinator/clock.h"
#include "coordinator/connect_bridge.h"
#include "coordinator/coordinator.h"
#include "coordinator/disk_health.h"
#include "coordinator/grpc_access.h"
#include "coordinator/heartbeat.h"
#include "coordinator/http_access.h"
#include "coordinator/log_hub.h"
#include "coordinator/log_intake.h"
#include "coordinator/rpc_metrics.h"
#include "coordinator/scrape_targets.h"
#include "coordinator/socket_poller.h"
#include "coordinator/sweep_end_command.h"
#include "coordinator/sweep_reader.h"
#include "coordinator/sweep_service.h"
#include "coordinator/telemetry.h"
#include "coordinator/watch_hub.h"
#include "coordinator/web_page.h"
#include "coordinator/worker_service.h"
#include "experiment/data_folder.h"
#include "monitoring/host_name.h"
#include "monitoring/host_port.h"
#include "monitoring/http_server.h"
#include "monitoring/status_pages.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kGrace(5);
// Sweeps whose trials /metrics counts: the newest ones.
constexpr std::size_t kCountedSweeps = 200;
// A call holds a thread while its commit is written; more calls than this at once get RESOURCE_EXHAUSTED.
constexpr int kMaxThreads = 1024;
// Blocking methods' threads that wait for the next call instead of ending: a group commit answers as many at once.
constexpr int kPollers = 16;

// gRPC's process-wide switches, which must be set before the first server is built. Its own log goes where ours goes,
// quietly: what a user must know of a failure is in our statuses.
void SetUpGrpc() {
  static const bool done = [] {
    gpr_set_log_function([](gpr_log_func_args* entry) { spdlog::debug("gRPC: {}", entry->message); });
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)done;
}

std::shared_ptr<grpc::Channel> ChannelTo(grpc::Server& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return ofsweep::InProcessChannel(server, arguments);
}

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  const bool is_new = fs::create_directories(folder, error);
  // What is in it is to be asked for with a token; its owner may open it to others.
  if (!error && is_new) fs::permissions(folder, fs::perms::owner_all, error);
  if (!error && fs::is_directory(folder, error)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the data folder ", folder, " cannot be made",
                                                    error ? ": " + error.message() : " because a file has its name",
                                                    "; choose another with --data-dir"));
}

class RunningServer final : public Server {
 public:
  explicit RunningServer(const ServerOptions& options)
      : options_(options), telemetry_({.version = OFSWEEP_VERSION, .revision = options.revision}, clock_) {}

  ~RunningServer() override { Shutdown(); }

  absl::Status Start() {
    if (!ParseHostPort(options_.grpc)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", options_.grpc, "\" is no gRPC address: give HOST:PORT with --grpc, like 127.0.0.1:7070"));
    }
    if (absl::Status status = MakeFolder(options_.data_dir); !status.ok()) return status;
    auto store = Store::Open({.path = DatabasePath(options_.data_dir), .durability = options_.durability});
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    auto access = ServerAccess::Open(options_.access, options_.data_dir, *store_, clock_);
    if (!access.ok()) return access.status();
    access_ = *std::move(access);
    if (absl::Status grpc = access_->CheckAddress("--grpc", options_.grpc); !grpc.ok()) return grpc;
    if (absl::Status http = access_->CheckAddress("--http", options_.http); !http.ok()) return http;
    store_->ObserveTransactions(
        [this](const std::string& op, double seconds) { telemetry_.TransactionEnded(op, seconds); });
    store_->ObserveFailures([this](const absl::Status& failure) { disk_.NoteFailure(failure); });

    CoordinatorOptions settings;
    settings.revision = options_.revision;
    settings.version = OFSWEEP_VERSION;
    settings.max_trials_per_caller = options_.max_trials_per_caller;
    settings.live = {.max_series = options_.max_trial_series,
                     .retention_ms = static_cast<TimeMs>(options_.metrics_retention_seconds * 1000)};
    settings.scheduler.lease_ms = static_cast<TimeMs>(options_.lease_seconds * 1000);
    settings.scheduler.only_sweep = options_.only_sweep;
    settings.scheduler.first_generation = static_cast<std::uint64_t>(clock_.Now()) * 1000;
    if (!options_.on_sweep_end.empty()) {
      sweep_end_command_ = std::make_unique<SweepEndCommand>(
          options_.on_sweep_end, [this](const std::string& sweep) { return DescribeSweep(sweep); });
      settings.on_sweep_end = [this](const std::string& sweep) { sweep_end_command_->Run(sweep); };
    }
    auto coordinator = Coordinator::Start(settings, *store_, clock_, &telemetry_);
    if (!coordinator.ok()) return coordinator.status();
    coordinator_ = *std::move(coordinator);
    heartbeat_ = std::make_unique<Heartbeat>(*coordinator_, *store_, disk_);
    watch_hub_ = std::make_unique<WatchHub>(coordinator_->views(), *store_);
    if (absl::Status status = OpenLogs(); !status.ok()) return status;
    sweep_service_ = std::make_unique<SweepServiceImpl>(
        *store_, *log_hub_,
        SweepServiceImpl::Running{*coordinator_, *watch_hub_, *log_intake_, access_->admission(), access_->audit()});
    auto secrets = AttemptSecrets::Open(options_.data_dir);
    if (!secrets.ok()) return secrets.status();
    attempt_secrets_ = std::make_unique<AttemptSecrets>(*std::move(secrets));
    worker_service_ =
        std::make_unique<WorkerServiceImpl>(*coordinator_, *log_intake_, *attempt_secrets_, access_->admission());
    access_service_ = std::make_unique<AccessServiceImpl>(
        AccessServiceImpl::Parts{.store = *store_,
                                 .book = access_->book(),
                                 .admission = access_->admission(),
                                 .audit = access_->audit(),
                                 .clock = clock_,
                                 .create_login = [this](const Caller& caller) { return CreateLogin(caller); }});
    if (absl::Status status = StartGrpc(); !status.ok()) return status;
    return StartHttp();
  }

  std::string grpc_address() const override { return grpc_address_; }
  std::string http_address() const override { return http_ == nullptr ? "" : http_->address(); }
  std::string database_id() const override { return coordinator_->identity().id; }
  std::shared_ptr<grpc::Channel> InProcessChannel() override { return ChannelTo(*grpc_); }

  void Shutdown() override {
    if (sweep_service_ != nullptr) sweep_service_->Stop();
    if (watch_hub_ != nullptr) watch_hub_->Stop();
    if (log_hub_ != nullptr) log_hub_->Stop();
    if (grpc_ != nullptr) {
      if (auto* health = grpc_->GetHealthCheckService()) health->Shutdown();
      grpc_->Shutdown(std::chrono::system_clock::now() + kGrace);
      grpc_->Wait();
    }
    if (port_ != 0) ForgetLocalCoordinator(port_, AccessTokenPath(options_.data_dir));
    if (bridge_ != nullptr) bridge_->Stop();
    http_.reset();
    http_access_.reset();
    bridge_.reset();
    heartbeat_.reset();
    watch_hub_.reset();
    log_hub_.reset();
    socket_poller_.reset();
    grpc_.reset();
    sweep_service_.reset();
    worker_service_.reset();
    access_service_.reset();
    log_intake_.reset();
    log_store_.reset();
    coordinator_.reset();
    sweep_end_command_.reset();
    access_.reset();
    store_.reset();
  }

 private:
  absl::Status OpenLogs() {
    const std::string path = LogsPath(options_.data_dir);
    log_store_ = std::make_unique<LogStore>(LogStoreOptions{.path = path, .max_bytes = options_.max_log_bytes});
    log_hub_ = std::make_unique<LogHub>(*log_store_, *store_, clock_, &coordinator_->views());
    log_intake_ = std::make_unique<LogIntake>(*log_store_, *store_, *log_hub_, clock_, path);
    const auto deleted = store_->ListDeletedTrials();
    if (!deleted.ok()) return deleted.status();
    std::vector<AttemptName> trials;
    for (const DeletedTrial& trial : *deleted) trials.push_back(trial.newest);
    log_intake_->Remove(trials);
    return absl::OkStatus();
  }

  absl::Status StartGrpc() {
    SetUpGrpc();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options_.grpc, access_->Credentials(), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a second coordinator must notice the first
    builder.SetMaxReceiveMessageSize(options_.max_request_bytes);
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kPollers);
    grpc::ResourceQuota quota;
    quota.SetMaxThreads(kMaxThreads);
    builder.SetResourceQuota(quota);
    builder.RegisterService(sweep_service_.get());
    builder.RegisterService(worker_service_.get());
    builder.RegisterService(access_service_.get());
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(MakeRpcMetrics(telemetry_));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    socket_poller_ = std::make_unique<SocketPoller>(builder);
    grpc_ = builder.BuildAndStart();
    if (grpc_ == nullptr || port == 0) {
      return absl::UnavailableError(absl::StrCat(
          "cannot listen for gRPC on ", options_.grpc,
          ": the port is in use or the address is not of this machine. Stop the process that holds the port, or choose "
          "another with --grpc HOST:PORT (port 0 takes a free one)"));
    }
    socket_poller_->Start();
    port_ = static_cast<std::uint16_t>(port);
    NoteLocalCoordinator(port_, AccessTokenPath(options_.data_dir));
    grpc_address_ = absl::StrCat(options_.grpc.substr(0, options_.grpc.rfind(':')), ":", port);
    for (const char* service : {"ofsweep.v1.AccessService", "ofsweep.v1.SweepService", "ofsweep.v1.WorkerService"}) {
      grpc_->GetHealthCheckService()->SetServingStatus(service, true);
    }
    return absl::OkStatus();
  }

  absl::Status StartHttp() {
    auto workers = [this](const HttpRequest&) {
      return HttpResponse{.content_type = "application/json",
                          .body = ScrapeTargetsJson(coordinator_->views().Workers())};
    };
    bridge_ = std::make_unique<ConnectBridge>(InProcessChannel(), "ofsweep.v1.SweepService");
    http_access_ = MakeHttpAccess();
    HttpRoutes routes{.pages = WebPage()};
    http_access_->AddTo(routes);
    routes.calls[bridge_->path()] = [this](HttpRequest request, std::shared_ptr<HttpAnswer> answer) {
      Caller caller = HttpAccess::CallerOf(request);
      bridge_->Answer(std::move(caller), std::move(request), std::move(answer));
    };
    auto http =
        ServeStatusPages({.address = options_.http,
                          .or_next_port = options_.http_or_next_port,
                          .admit = [this](HttpRequest& request) { return http_access_->Admit(request); },
                          .tls = HttpTls()},
                         {.title = "ofsweep coordinator " OFSWEEP_VERSION,
                          .scrape = [this] { return telemetry_.Scrape(State()); },
                          .ready = [this] { return heartbeat_->Ready(); },
                          .ready_help = "it can take work",
                          .more = {{"/sd/workers", "its workers, for Prometheus' http_sd_configs", std::move(workers)}},
                          .others = std::move(routes)});
    if (!http.ok()) return http.status();
    http_ = *std::move(http);
    has_page_ = true;
    return absl::OkStatus();
  }

  std::unique_ptr<HttpAccess> MakeHttpAccess() {
    std::vector<std::string> own_names = options_.http_hosts;
    own_names.push_back(HostName());
    if (const auto listens_on = ParseHostPort(options_.http)) own_names.push_back(listens_on->host);
    return std::make_unique<HttpAccess>(
        HttpAccess::Parts{.admission = access_->admission(),
                          .login = {.book = access_->book(),
                                    .codes = access_->login_codes(),
                                    .clock = clock_,
                                    .cookie = absl::StrCat("ofsweep-", database_id().substr(0, 8)),
                                    .is_encrypted = !access_->tls().empty()},
                          .rpcs = bridge_->path(),
                          .own_names = std::move(own_names)});
  }

  std::optional<HttpTlsOptions> HttpTls() const {
    const TlsFiles& files = access_->tls();
    if (files.empty()) return std::nullopt;
    return HttpTlsOptions{.certificate = files.certificate,
                          .key = files.key,
                          .client_authorities = files.authorities,
                          .refresh = std::chrono::seconds(kTlsRefreshSeconds),
                          .on_unusable = [](const std::string& why) {
                            spdlog::error("{}; HTTP goes on with what was there before", why);
                          }};
  }

  absl::StatusOr<v1::CreateLoginResponse> CreateLogin(const Caller& caller) {
    if (!has_page_) return absl::UnavailableError("the coordinator is starting; try again");
    v1::CreateLoginResponse response;
    response.set_code(access_->login_codes().Create(
        {.name = caller.name, .token_hash = access_->book().HashOf(caller.name)}, clock_.Now()));
    response.set_page(absl::StrCat(access_->tls().empty() ? "http" : "https", "://", http_->address(), "/"));
    return response;
  }

  // As `ofsweep show --json` has it, in a line, without the specification.
  absl::StatusOr<std::string> DescribeSweep(const std::string& name) {
    const auto sweep = SweepReader(*store_, nullptr).Sweep(name, /*with_spec=*/false);
    if (!sweep.ok()) return sweep.status();
    google::protobuf::util::JsonPrintOptions options;
    options.always_print_primitive_fields = true;
    options.preserve_proto_field_names = true;
    std::string text;
    if (const auto written = google::protobuf::util::MessageToJsonString(*sweep, &text, options); !written.ok()) {
      return absl::InternalError(written.ToString());
    }
    return text;
  }

  ServiceState State() {
    std::vector<SweepSummary> sweeps = coordinator_->views().Summaries();
    if (sweeps.size() > kCountedSweeps) sweeps.erase(sweeps.begin(), sweeps.end() - kCountedSweeps);
    return {.sweeps = std::move(sweeps),
            .workers = coordinator_->views().Workers(),
            .database_bytes = store_->DatabaseBytes(),
            .wal_bytes = store_->WalBytes(),
            .live_trials = &coordinator_->live_trials()};
  }

  const ServerOptions options_;
  const SystemClock clock_;
  Telemetry telemetry_;
  DiskHealth disk_{clock_};
  std::unique_ptr<Store> store_;
  std::unique_ptr<ServerAccess> access_;
  std::unique_ptr<SweepEndCommand> sweep_end_command_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Heartbeat> heartbeat_;
  std::unique_ptr<WatchHub> watch_hub_;
  std::unique_ptr<LogStore> log_store_;
  std::unique_ptr<LogHub> log_hub_;
  std::unique_ptr<LogIntake> log_intake_;
  std::unique_ptr<SweepServiceImpl> sweep_service_;
  std::unique_ptr<AttemptSecrets> attempt_secrets_;
  std::unique_ptr<WorkerServiceImpl> worker_service_;
  std::unique_ptr<AccessServiceImpl> access_service_;
  std::unique_ptr<grpc::Server> grpc_;
  std::unique_ptr<SocketPoller> socket_poller_;
  std::string grpc_address_;
  std::uint16_t port_ = 0;  // of gRPC
  std::unique_ptr<ConnectBridge> bridge_;
  std::unique_ptr<HttpAccess> http_access_;
  std::unique_ptr<HttpServer> http_;
  std::atomic<bool> has_page_ = false;  // http_ is there: gRPC answers before it
};

class OfflineServer final : public Server {
 public:
  OfflineServer(const std::string& data_dir, std::unique_ptr<Store> store)
      : store_(std::move(store)),
        log_store_({.path = LogsPath(fs::path(DatabaseAt(data_dir)).parent_path().string()), .read_only = true}),
        log_hub_(log_store_, *store_, clock_, nullptr),
        sweep_service_(*store_, log_hub_, std::nullopt) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&sweep_service_);
    grpc_ = builder.BuildAndStart();
  }

  ~OfflineServer() override { Shutdown(); }

  std::string grpc_address() const override { return ""; }
  std::string http_address() const override { return ""; }
  std::string database_id() const override { return ""; }
  std::shared_ptr<grpc::Channel> InProcessChannel() override { return ChannelTo(*grpc_); }

  void Shutdown() override {
    sweep_service_.Stop();
    log_hub_.Stop();
    grpc_->Shutdown(std::chrono::system_clock::now() + kGrace);
    grpc_->Wait();
  }

 private:
  const SystemClock clock_;
  const std::unique_ptr<Store> store_;
  LogStore log_store_;
  LogHub log_hub_;
  SweepServiceImpl sweep_service_;
  std::unique_ptr<grpc::Server> grpc_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  auto server = std::make_unique<RunningServer>(options);
  if (absl::Status status = server->Start(); !status.ok()) return status;
  return server;
}

absl::StatusOr<std::unique_ptr<Server>> Server::OpenOffline(const std::string& data_dir) {
  auto store = Store::OpenReadOnly(DatabaseAt(data_dir));
  if (!store.ok()) return store.status();
  return std::make_unique<OfflineServer>(data_dir, *std::move(store));
}

}  // namespace ofsweep
