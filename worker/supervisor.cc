#include "worker/supervisor.h"

#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>
#include <boost/asio/buffer.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/data_folder.h"
#include "host/memory.h"
#include "worker/trial_folder.h"

namespace ofsweep {
namespace {

template <class Message>
AttemptName NameIn(const Message& message) {
  return {message.trial_id(), message.generation()};
}

}  // namespace

Supervisor::Supervisor(boost::asio::io_context& io, const AgentOptions& options, std::vector<Gpu> gpus,
                       WorkerMetrics& metrics, Callbacks callbacks)
    : options_(options),
      gpus_(std::move(gpus)),
      callbacks_(std::move(callbacks)),
      host_{.io = io,
            .data_dir = options.data_dir,
            .trainer_path = options.trainer_path,
            .data_roots = options.data_roots,
            .slots = options.slots,
            .memory_bytes = FreeMemoryBytes(),  // no trial runs yet
            .stop_grace = options.stop_grace,
            .silence_timeout = options.silence_timeout,
            .metrics = metrics,
            .start_trainer = callbacks_.start_trainer,
            .on_points =
                [this] {
                  NoteUnsent();
                  callbacks_.on_points();
                },
            .on_change = callbacks_.on_change,
            .on_phases = callbacks_.on_phases,
            .on_full_disk = [this](const std::string& folder) { OnFullDisk(folder); },
            .on_exit = [this](const AttemptName& name) { OnExit(name); },
            .on_left_out = [this](const AttemptName& name, const LeftOutFiles& files) { TellLeftOut(name, files); }},
      outbox_folder_(OutboxFolder(options.data_dir)),
      deletions_(options.data_dir),
      inotify_(io),
      disk_timer_(io) {}

absl::Status Supervisor::Open() {
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (inotify.get() < 0 || ::inotify_add_watch(inotify.get(), outbox_folder_.c_str(), IN_MODIFY) < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("cannot watch ", outbox_folder_, ": ", std::strerror(errno),
                                                     "; the sysctl fs.inotify.max_user_instances may be too low"));
  }
  inotify_.assign(inotify.release());
  WatchOutboxes();
  LookAtDisk();
  WatchDisk();
  for (const std::string& path : Outbox::List(outbox_folder_)) {
    absl::StatusOr<std::unique_ptr<Outbox>> outbox = Outbox::Open(path);
    std::shared_ptr<Attempt> attempt = outbox.ok() ? Attempt::Recover(host_, *std::move(outbox)) : nullptr;
    if (!attempt) {
      // One that cannot be read, or of another attempt than its name says. Or its agent was killed between making the
      // file and its first line, which is then of a trainer that never ran, or damaged there.
      spdlog::warn("{} {} and is ignored: its trial goes on from what is stored of it", path,
                   outbox.ok() ? "does not say whose it is, or is another's by its name,"
                               : absl::StrCat("cannot be read (", outbox.status().message(), ")"));
      continue;
    }
    spdlog::info("{}: taken over from a former run, {} points to forward", ToText(attempt->name()), attempt->unsent());
    callbacks_.on_log(*attempt, /*is_new=*/false);
    attempts_[attempt->name()] = std::move(attempt);
  }
  if (const std::vector<std::string> strays = Outbox::ListStrays(outbox_folder_); !strays.empty()) {
    spdlog::warn("{} {} no attempt's and left alone; the folder is the worker's own: {}", outbox_folder_,
                 strays.size() == 1 ? "holds a file that is" : "holds files that are", absl::StrJoin(strays, ", "));
  }
  NoteUnsent();
  return absl::OkStatus();
}

void Supervisor::WatchOutboxes() {
  inotify_.async_read_some(boost::asio::buffer(inotify_buffer_),
                           [this](const boost::system::error_code& error, std::size_t) {
                             if (error) return;
                             for (auto& [name, attempt] : attempts_) attempt->Follow();
                             WatchOutboxes();
                           });
}

void Supervisor::WatchDisk() {
  disk_timer_.expires_after(options_.disk_check_every);
  disk_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || closed_) return;
    LookAtDisk();
    WatchDisk();
  });
}

void Supervisor::LookAtDisk() {
  const std::uint64_t needed = has_room() ? options_.min_free_bytes : BytesToStartAgain();
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const std::string& folder : WrittenFolders(options_.data_dir)) {
    const std::uint64_t free_bytes = callbacks_.free_bytes(folder).value_or(least);
    if (free_bytes < needed) return CloseSlots(absl::StrCat("only ", free_bytes >> 20, " MiB are free in ", folder));
    least = std::min(least, free_bytes);
  }
  if (has_room()) return;
  if (!full_folder_.empty() && !callbacks_.has_room(full_folder_, needed)) return;
  full_folder_.clear();
  host_.no_room.clear();
  spdlog::info("{} MiB are free in {}: trials are started again", needed >> 20, options_.data_dir);
  callbacks_.on_change();
}

// A quota may be used up, or a checkpoint larger than what is left, on a disk that has more free than the reserve. How
// much is needed is then found out by trying: twice as much each time.
void Supervisor::OnFullDisk(const std::string& folder) {
  full_folder_ = folder;
  found_full_ = std::min(found_full_ + 1, 20);
  CloseSlots(absl::StrCat("a trainer found no room in ", folder));
}

void Supervisor::CloseSlots(const std::string& message) {
  const std::string advice = absl::StrCat(message, ", and trials need ", BytesToStartAgain() >> 20,
                                          " MiB: free some space there, or give the worker another --data-dir");
  if (!std::exchange(host_.no_room, advice).empty()) return;  // said before
  spdlog::warn("{}; no trial is started before", advice);
  for (auto& [name, attempt] : attempts_) attempt->Stop(StopReason::kDisk, advice);
  callbacks_.on_change();
}

// More than the reserve: else what a trial writes first would stop it again, and so on for ever.
std::uint64_t Supervisor::BytesToStartAgain() const {
  return (2 * options_.min_free_bytes) << found_full_;
}

void Supervisor::Apply(const v1::SynchronizeResponse& told) {
  database_ = told.database();
  host_.incarnation = database_.incarnation();
  Instructions instructions;
  for (const v1::Holding& holding : told.keep()) Synchronized(holding);
  for (const v1::Holding& holding : told.stop()) {
    Synchronized(holding);
    instructions.stop.push_back(NameIn(holding));
  }
  for (const v1::AttemptName& name : told.forget()) {
    instructions.forget.push_back(NameIn(name));
    const auto told_to_keep = told.keep_checkpoints().find(name.trial_id());
    if (told_to_keep == told.keep_checkpoints().end() || Find(NameIn(name)) == nullptr) continue;
    if (const auto keep = ParseKeepCheckpoints(told_to_keep->second)) kept_checkpoints_[NameIn(name)] = *keep;
  }
  deletions_.Take(told);
  RemoveDeleted();
  starts_.assign(told.start().begin(), told.start().end());
  Reconcile(std::move(instructions));
}

void Supervisor::RemoveDeleted() {
  deletions_.RemoveUnused([this](const std::string& trial_id) {
    std::uint64_t newest = 0;
    for (const auto& [name, attempt] : attempts_) {
      if (name.trial_id == trial_id) newest = std::max(newest, name.generation);
    }
    return newest;
  });
}

void Supervisor::Synchronized(const v1::Holding& holding) {
  if (Attempt* attempt = Find(NameIn(holding))) {
    attempt->Synchronized(static_cast<std::int64_t>(holding.stored_through()));
  }
}

void Supervisor::Reconcile(Instructions told) {
  std::vector<HeldAttempt> held;
  for (const auto& [name, attempt] : attempts_) held.push_back({name, attempt->alive(), attempt->stopping()});
  for (const v1::Start& start : starts_) told.start.push_back(NameIn(start));
  // What ends as it starts needs no slot.
  const int slots = shutting_down_ ? std::numeric_limits<int>::max() : options_.slots;
  const Instructions actions = ofsweep::Reconcile(held, told, slots);
  for (const AttemptName& name : actions.forget) Forget(name);
  for (const AttemptName& name : actions.stop) attempts_.at(name)->Stop(StopReason::kCancelled);
  for (const AttemptName& name : actions.start) Launch(name);
}

void Supervisor::Launch(const AttemptName& name) {
  LookAtDisk();
  const auto start =
      std::find_if(starts_.begin(), starts_.end(), [&](const v1::Start& one) { return NameIn(one) == name; });
  std::shared_ptr<Attempt> attempt = Attempt::Launch(host_, *start, FreeSlot());
  starts_.erase(start);
  const bool failed = !attempt->alive();
  if (!failed) callbacks_.on_log(*attempt, /*is_new=*/true);
  attempts_[name] = std::move(attempt);
  if (failed) callbacks_.on_change();
}

Slot Supervisor::FreeSlot() const {
  std::set<int> taken;
  for (const auto& [name, attempt] : attempts_) {
    if (attempt->alive()) taken.insert(attempt->slot());
  }
  Slot slot{.number = 0};
  while (taken.contains(slot.number)) ++slot.number;
  if (gpus_.empty()) return slot;
  const int gpus = static_cast<int>(gpus_.size());
  const int gpu = slot.number % gpus;
  slot.gpu = gpus_[static_cast<std::size_t>(gpu)].index;
  slot.gpu_slots = std::max(1, options_.slots / gpus + (gpu < options_.slots % gpus ? 1 : 0));
  return slot;
}

void Supervisor::Forget(const AttemptName& name) {
  const auto entry = attempts_.find(name);
  if (entry == attempts_.end()) return;
  entry->second->Forget();
  if (!entry->second->alive()) LetGo(name);
}

void Supervisor::Refuse(const AttemptName& name, const std::string& message) {
  if (Attempt* attempt = Find(name)) attempt->Refuse(message);
}

void Supervisor::OnAcknowledged(Attempt& attempt, const Outbox::Batch& batch) {
  attempt.outbox()->Acknowledge(batch);
  NoteUnsent();
  if (!attempt.alive() && attempt.unsent() == 0) callbacks_.on_change();
}

// Before its outbox goes: a new agent, for which that is still there, does it again.
void Supervisor::RemoveCheckpoints(const AttemptName& name) {
  const auto kept = kept_checkpoints_.extract(name);
  if (kept.empty()) return;
  const absl::Status status = ofsweep::RemoveCheckpoints(TrialPath(options_.data_dir, name.trial_id), kept.mapped());
  if (!status.ok()) spdlog::warn("{}: {}", ToText(name), std::string(status.message()));
}

void Supervisor::LetGo(const AttemptName& name) {
  RemoveCheckpoints(name);
  const auto entry = attempts_.find(name);
  entry->second->Discard();
  attempts_.erase(entry);
  RemoveDeleted();
  NoteUnsent();
  callbacks_.on_let_go();
}

void Supervisor::OnExit(const AttemptName& name) {
  LookAtDisk();  // before its end is told, so that what a full disk has ended does not start again at once
  const bool forgotten = attempts_.at(name)->forgotten();
  if (forgotten) LetGo(name);
  callbacks_.on_let_go();
  callbacks_.on_change();
  Reconcile({});
}

void Supervisor::TellLeftOut(const AttemptName& name, const LeftOutFiles& files) {
  const std::string text = ofsweep::ToText(files);
  if (text.empty() || !told_left_out_.insert(text).second) return;
  spdlog::warn("{}: not all files of its corpus are trained on, left out are: {}", ToText(name), text);
}

void Supervisor::ShutDown(const std::string& why) {
  shutting_down_ = true;
  host_.stopping = why;
  for (auto& [name, attempt] : attempts_) attempt->Stop(StopReason::kShutdown, why);
  Reconcile({});
}

void Supervisor::Close() {
  closed_ = true;  // cancelling does not call back a timer that is due
  inotify_.close();
  disk_timer_.cancel();
}

void Supervisor::Report(v1::SynchronizeRequest& request) const {
  for (const auto& [name, attempt] : attempts_) attempt->Report(*request.add_attempts());
  request.set_unsent_points(unsent());
  *request.mutable_database() = database_;
  request.set_deletions_followed(deletions_.through());
}

void Supervisor::NoteUnsent() {
  host_.metrics.SetUnsentPoints(unsent());
}

std::uint64_t Supervisor::unsent() const {
  std::uint64_t points = 0;
  for (const auto& [name, attempt] : attempts_) points += attempt->unsent();
  return points;
}

std::vector<Attempt*> Supervisor::Forwarding() {
  std::vector<Attempt*> waiting;
  for (auto& [name, attempt] : attempts_) {
    if (attempt->forwarding() && attempt->unsent() > 0) waiting.push_back(attempt.get());
  }
  const auto after_last = std::find_if(waiting.begin(), waiting.end(),
                                       [&](const Attempt* attempt) { return last_forwarded_ < attempt->name(); });
  std::rotate(waiting.begin(), after_last, waiting.end());
  if (!waiting.empty()) last_forwarded_ = waiting.front()->name();
  return waiting;
}

Attempt* Supervisor::Find(const AttemptName& name) {
  const auto entry = attempts_.find(name);
  return entry == attempts_.end() ? nullptr : entry->second.get();
}

const Attempt* Supervisor::Find(const AttemptName& name) const {
  const auto entry = attempts_.find(name);
  return entry == attempts_.end() ? nullptr : entry->second.get();
}

bool Supervisor::any_alive() const {
  return std::any_of(attempts_.begin(), attempts_.end(), [](const auto& entry) { return entry.second->alive(); });
}

}  // namespace ofsweep
