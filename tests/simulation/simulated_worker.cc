#include "tests/simulation/simulated_worker.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiment/data_folder.h"
#include "worker/host.h"

namespace ofsweep {

SimulatedWorker::SimulatedWorker(AgentOptions options, bool has_cuda, Surroundings surroundings)
    : options_(std::move(options)),
      has_cuda_(has_cuda),
      around_(std::move(surroundings)),
      folder_(FolderIdentity(options_.data_dir)),
      database_id_(LoadDatabaseId(options_.data_dir)),
      host_{.timeline = around_.timeline,
            .log = around_.log,
            .corpora = around_.corpora,
            .is_chaos = around_.is_chaos,
            .on_output = [this] { Soon([this] { Poll(); }); },
            .on_hang = [this](const AttemptName& name) { Soon([this, name] { Hang(name); }); },
            .violation = around_.violation} {
  // Its timers go by the wall clock: in here they never fire.
  options_.stop_grace = options_.silence_timeout = options_.disk_check_every = std::chrono::hours(24);
  options_.min_free_bytes = 0;
  std::filesystem::create_directories(OutboxFolder(options_.data_dir));
}

SimulatedWorker::~SimulatedWorker() {
  synchronize_->Close();
  push_->Close();
}

void SimulatedWorker::Start() {
  synchronize_ = std::make_shared<SynchronizeLoop>(
      around_.timeline,
      SynchronizeLoop::Hooks{.send = around_.synchronize,
                             .next = [this] { return State(); },
                             .on_answer = [this](const v1::SynchronizeResponse& told) { return Follow(told); },
                             .on_failure = [](const grpc::Status&) {}});
  push_ = std::make_shared<PushLoop>(
      around_.timeline,
      PushLoop::Hooks{.send = around_.push,
                      .next = [this] { return points_->Next(); },
                      .on_answer = [this](const v1::PushMetricsResponse& told) { return points_->OnAnswer(told); },
                      .on_failure = [this](const grpc::Status& status) { points_->OnFailure(status); }});
  supervisor_ = std::make_unique<Supervisor>(
      io_, options_, std::vector<Gpu>{}, metrics_,
      Supervisor::Callbacks{
          .on_points = [this] { push_->Soon(); },
          .on_change = [this] { synchronize_->Soon(); },
          .on_let_go = [] {},
          .start_trainer = [this](const TrainerCommand& command) { return SimulatedTrainer::Start(host_, command); }});
  points_ = std::make_unique<PointForwarder>(options_, *supervisor_, [this] { synchronize_->Soon(); });
  if (const absl::Status opened = supervisor_->Open(); !opened.ok()) around_.violation(opened.ToString());
  synchronize_->Soon();
  push_->Soon();
}

void SimulatedWorker::ShutDown() {
  shutting_down_ = true;
  supervisor_->ShutDown("its worker was stopped");
  synchronize_->Soon();
  Poll();
}

void SimulatedWorker::ShutDownIn(TimeMs delay) {
  stops_at_ = around_.timeline.now() + delay;
  synchronize_->Soon();
  around_.timeline.After(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->ShutDown();
  });
}

void SimulatedWorker::Soon(std::function<void()> action) {
  around_.timeline.After(0, [weak = weak_from_this(), action = std::move(action)] {
    if (weak.lock()) action();
  });
}

void SimulatedWorker::Poll() {
  io_.poll();
}

// As Attempt::WatchSilence, half an hour later.
void SimulatedWorker::Hang(const AttemptName& name) {
  if (Attempt* attempt = supervisor_->Find(name)) attempt->Stop(StopReason::kSilent, "it printed nothing for long");
  Poll();
}

v1::SynchronizeRequest SimulatedWorker::State() const {
  v1::SynchronizeRequest request;
  request.set_worker_id(options_.worker_id);
  request.set_host(options_.worker_id);
  request.set_slots(shutting_down_ ? 0 : static_cast<std::uint32_t>(options_.slots));
  request.add_devices()->set_kind(has_cuda_ ? "cuda" : "cpu");
  request.set_folder(folder_);
  if (stops_at_) {
    request.set_seconds_left(static_cast<double>(std::max<TimeMs>(0, *stops_at_ - around_.timeline.now())) / 1000);
  }
  supervisor_->Report(request);
  request.mutable_database()->set_id(database_id_);
  return request;
}

std::optional<std::chrono::milliseconds> SimulatedWorker::Follow(const v1::SynchronizeResponse& told) {
  if (database_id_.empty()) {
    database_id_ = told.database().id();
    StoreDatabaseId(options_.data_dir, database_id_).IgnoreError();
  }
  supervisor_->Apply(told);
  Poll();
  return std::chrono::milliseconds(std::llround(std::max(0.02, told.next_call_seconds()) * 1000));
}

}  // namespace ofsweep
