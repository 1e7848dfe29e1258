#include "cli/connection.h"

#include <filesystem>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "coordinator/server.h"
#include "experiment/data_folder.h"
#include "experiment/trial_id.h"
#include "storage/writer_lock.h"
#include "worker/channel.h"

namespace ofsweep {
namespace {

constexpr int kMaxMessageBytes = 256 << 20;
constexpr std::uint32_t kTrialsPerPage = 200;

bool Answers(grpc::Channel& channel, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::system_clock::now() + patience;
  grpc_connectivity_state state = channel.GetState(true);
  while (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) {
    if (!channel.WaitForStateChange(state, deadline)) return false;
    state = channel.GetState(true);
  }
  return state == GRPC_CHANNEL_READY;
}

// Shows every message of a stream. Where it `waits`, one that breaks after its first message, because the coordinator
// at `target` went away, is opened anew when that is back.
template <class Message, class Open>
absl::Status Follow(const Open& open, const std::function<void(const Message&)>& show, const std::string& target,
                    bool waits, const std::function<void(const std::string&)>& lost, const std::stop_token& stop) {
  bool seen = false;
  while (true) {
    grpc::ClientContext context;
    context.set_wait_for_ready(seen && waits);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    const auto reader = open(&context);
    Message message;
    bool progressed = false;
    while (reader->Read(&message)) {
      show(message);
      seen = progressed = true;
    }
    const grpc::Status status = reader->Finish();
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE || !seen || !waits) return FromRpc(status, target);
    if (progressed) lost(absl::StrCat("the coordinator at ", target, " is away; waiting for it to come back"));
  }
}

}  // namespace

Connection::Connection(std::shared_ptr<grpc::Channel> channel, std::string target, std::shared_ptr<void> keep_alive)
    : keep_alive_(std::move(keep_alive)),
      channel_(std::move(channel)),
      stub_(v1::SweepService::NewStub(channel_)),
      target_(std::move(target)) {}

absl::StatusOr<Connection> Connection::Dial(const std::string& target, const CallerOptions& caller) {
  grpc::ChannelArguments arguments = CoordinatorChannelArguments();
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  auto channel = DialCoordinator(target, WithEnvironment(caller), arguments);
  if (!channel.ok()) return channel.status();
  return Connection(*std::move(channel), target);
}

absl::StatusOr<Connection> Connection::Open(const ConnectionOptions& options) {
  if (options.coordinator) return Dial(*options.coordinator, options.caller);
  if (!options.data_dir) {
    const auto given = CoordinatorOfEnvironment();
    if (!given.ok()) return given.status();
    if (*given) return Dial(**given, options.caller);
    auto usual = Dial(kDefaultCoordinator, options.caller);
    if (!usual.ok()) return usual.status();
    const bool has_data = std::filesystem::exists(DatabasePath(kDefaultDataDir));
    // Whoever has nothing to read here meant the coordinator, and is told that it does not answer.
    if (!has_data || Answers(*usual->channel(), std::chrono::seconds(2))) return usual;
  }
  const std::string data_dir = options.data_dir.value_or(kDefaultDataDir);
  auto offline = Server::OpenOffline(data_dir);
  if (!offline.ok()) return offline.status();
  std::shared_ptr<Server> service = std::move(*offline);
  auto channel = service->InProcessChannel();
  return Connection(std::move(channel), "", std::move(service));
}

absl::StatusOr<Connection> Connection::OpenToChange(const ConnectionOptions& options) {
  auto connection = Open(options);
  if (connection.ok()) connection->changes_ = true;
  const bool is_elsewhere = connection.ok() && !connection->target().empty();
  if (options.coordinator || is_elsewhere) return connection;
  const std::string data_dir = options.data_dir.value_or(kDefaultDataDir);
  const std::string writer = WriterOf(DatabaseAt(data_dir));
  if (writer.empty() && !connection.ok()) return connection;  // whose status says what is not there
  if (writer.empty()) {
    return absl::UnavailableError(absl::StrCat(
        "no coordinator is running", options.data_dir ? "" : absl::StrCat(": none answers at ", kDefaultCoordinator),
        ", and nothing can be changed or watched in ", data_dir, " without one; start it with `ofsweep coordinator`, ",
        "or name one with --coordinator HOST:PORT"));
  }
  return absl::UnavailableError(
      absl::StrCat("a coordinator (process ", writer, ") has ", data_dir,
                   ": name it with --coordinator HOST:PORT, the address that it printed as \"grpc\" when it started"));
}

absl::StatusOr<std::vector<v1::Sweep>> Connection::ListSweeps(const std::vector<std::string>& tags) const {
  v1::ListSweepsRequest request;
  request.mutable_tags()->Add(tags.begin(), tags.end());
  std::vector<v1::Sweep> sweeps;
  do {
    auto page = Call(&v1::SweepService::Stub::ListSweeps, request);
    if (!page.ok()) return page.status();
    for (v1::Sweep& sweep : *page->mutable_sweeps()) sweeps.push_back(std::move(sweep));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return sweeps;
}

absl::StatusOr<std::vector<v1::Trial>> Connection::ListTrials(const std::string& sweep,
                                                              const std::vector<std::string>& states) const {
  v1::ListTrialsRequest request;
  request.set_sweep(sweep);
  request.mutable_states()->Add(states.begin(), states.end());
  request.set_page_size(kTrialsPerPage);
  std::vector<v1::Trial> trials;
  do {
    auto page = Call(&v1::SweepService::Stub::ListTrials, request);
    if (!page.ok()) return page.status();
    for (v1::Trial& trial : *page->mutable_trials()) trials.push_back(std::move(trial));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return trials;
}

absl::StatusOr<std::string> Connection::WholeTrialId(const std::string& sweep, const std::string& beginning) const {
  if (beginning.size() >= kTrialIdDigits) return beginning;
  v1::GetTrialRequest request;
  request.set_sweep(sweep);
  request.set_trial_id(beginning);
  const auto trial = Call(&v1::SweepService::Stub::GetTrial, request);
  if (!trial.ok()) return trial.status();
  return trial->trial().trial_id();
}

absl::Status Connection::Watch(const std::string& sweep, const std::function<void(const v1::WatchSweepResponse&)>& show,
                               const std::function<void(const std::string&)>& lost, const std::stop_token& stop) const {
  v1::WatchSweepRequest request;
  request.set_name(sweep);
  return Follow<v1::WatchSweepResponse>(
      [&](grpc::ClientContext* context) { return stub_->WatchSweep(context, request); }, show, target_,
      !target_.empty(), lost, stop);
}

absl::Status Connection::TailLog(v1::TailLogRequest request,
                                 const std::function<void(const v1::TailLogResponse&)>& show,
                                 const std::function<void(const std::string&)>& lost,
                                 const std::stop_token& stop) const {
  const auto note_and_show = [&](const v1::TailLogResponse& piece) {
    request.set_attempt(piece.attempt());
    request.set_begin(piece.begin() + static_cast<double>(piece.text().size()));
    show(piece);
  };
  return Follow<v1::TailLogResponse>([&](grpc::ClientContext* context) { return stub_->TailLog(context, request); },
                                     note_and_show, target_, request.follow() && !target_.empty(), lost, stop);
}

}  // namespace ofsweep
