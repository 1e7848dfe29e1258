#include "worker/attempt.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include <spdlog/spdlog.h>
#include <boost/asio/post.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/data_folder.h"
#include "experiment/quoted.h"
#include "experiment/step_limit.h"
#include "host/disk.h"
#include "host/memory.h"
#include "worker/host.h"
#include "worker/trial_folder.h"

namespace ofsweep {
namespace {

using Clock = std::chrono::steady_clock;

// Shown of a trainer's lines that are no events; the rest is only counted.
constexpr std::uint64_t kGarbageLinesShown = 5;
// A full disk leaves a trainer without a voice: with less than this free, that is taken to be why it ended.
constexpr std::uint64_t kDiskFullBytes = 1 << 20;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What a trainer in disorder may say must not make a whole report invalid.
std::int64_t ClampStep(std::int64_t step) {
  return std::clamp(step, std::int64_t{0}, kMaxSteps);
}

std::uintmax_t BytesOf(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

// When the file was last written, in milliseconds since 1970.
std::int64_t LastWriteMs(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

// A trial is not to blame for a full disk, nor for a worker that ends.
AttemptEnd Preempted(std::string message) {
  return {.outcome = AttemptOutcome::kPreempted, .message = std::move(message)};
}

// The one that takes nothing any more; "" where all do.
std::string FullFolder(const std::string& data_dir) {
  for (const std::string& folder : WrittenFolders(data_dir)) {
    const std::optional<std::uint64_t> free_bytes = FreeBytesOnDiskOf(folder);
    if ((free_bytes && *free_bytes < kDiskFullBytes) || !HasRoomFor(folder, kDiskFullBytes)) return folder;
  }
  return "";
}

AttemptEnd FailedToStart(const absl::Status& status, bool is_full) {
  if (is_full) return Preempted(std::string(status.message()));
  const bool bad_config = absl::IsInvalidArgument(status);
  return Failed(bad_config ? FailureClass::kBadConfig : FailureClass::kCrash, std::string(status.message()));
}

// Without the option a trainer reads what its user can read, and an empty name is no folder.
void AppendDataRoots(const std::optional<std::vector<std::string>>& roots, std::vector<std::string>& arguments) {
  if (!roots) return;
  if (roots->empty()) arguments.insert(arguments.end(), {"--data-root", ""});
  for (const std::string& root : *roots) arguments.insert(arguments.end(), {"--data-root", root});
}

}  // namespace

std::shared_ptr<Attempt> Attempt::Launch(const AttemptHost& host, const v1::Start& start, const Slot& slot) {
  std::shared_ptr<Attempt> attempt(new Attempt(host));
  attempt->name_ = {start.trial_id(), start.generation()};
  attempt->secret_ = start.secret();
  attempt->slot_ = slot;
  attempt->incarnation_ = host.incarnation;
  const std::string& refusal = host.stopping.empty() ? host.no_room : host.stopping;
  if (!refusal.empty()) {  // since it was asked for
    attempt->Finish(Preempted(refusal));
  } else if (absl::Status status = attempt->StartTrainer(start); !status.ok()) {
    const std::string full = absl::IsResourceExhausted(status) ? FullFolder(host.data_dir) : "";
    attempt->Finish(FailedToStart(status, !full.empty()));
    if (!full.empty()) host.on_full_disk(full);
  }
  return attempt;
}

absl::Status Attempt::StartTrainer(const v1::Start& start) {
  absl::StatusOr<TrialFolder> folder = PrepareTrial(host_.data_dir, start);
  if (!folder.ok()) return folder.status();
  log_path_ = folder->log_path;
  started_at_ms_ = NowMs();
  continued_generation_ = folder->resume ? start.curve_generation() : 0;
  absl::StatusOr<std::unique_ptr<Outbox>> outbox =
      Outbox::Create(OutboxFolder(host_.data_dir), {.name = name_,
                                                    .attempt = static_cast<int>(start.attempt()) + 1,
                                                    .started_at_ms = started_at_ms_,
                                                    .continued_generation = continued_generation_,
                                                    .secret = secret_});
  if (!outbox.ok()) return outbox.status();
  outbox_ = *std::move(outbox);

  TrainerCommand command{.stdout_fd = outbox_->write_fd(), .stderr_fd = folder->log.get()};
  command.arguments = {host_.trainer_path,
                       "--config",
                       folder->config_path,
                       "--trial-id",
                       name_.trial_id,
                       "--output",
                       folder->path,
                       "--cache",
                       DatasetsFolder(host_.data_dir),
                       "--slots",
                       absl::StrCat(host_.slots),
                       "--memory",
                       absl::StrCat(static_cast<std::int64_t>(host_.memory_bytes))};
  for (const auto& [key, fingerprint] : start.fingerprints()) {
    command.arguments.insert(command.arguments.end(), {"--expect", absl::StrCat(key, "=", fingerprint)});
  }
  AppendDataRoots(host_.data_roots, command.arguments);
  if (folder->resume) command.arguments.emplace_back("--resume");
  if (start.keep_all_checkpoints()) command.arguments.emplace_back("--keep-all-checkpoints");
  if (!slot_.gpu.empty()) {
    command.environment.push_back("CUDA_VISIBLE_DEVICES=" + slot_.gpu);
    command.arguments.insert(command.arguments.end(), {"--gpu-slots", absl::StrCat(slot_.gpu_slots)});
  }
  started_at_ = last_output_ = Clock::now();
  out_of_memory_kills_ = OutOfMemoryKills();
  absl::StatusOr<std::unique_ptr<Trainer>> process = host_.start_trainer(command);
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  spdlog::info("{}: started (attempt {}, slot {}{})", ToText(name_), start.attempt() + 1, slot_.number,
               folder->resume ? ", from its checkpoint" : "");
  WatchExit();
  WatchSilence();
  return absl::OkStatus();
}

std::shared_ptr<Attempt> Attempt::Recover(const AttemptHost& host, std::unique_ptr<Outbox> outbox) {
  std::shared_ptr<Attempt> attempt(new Attempt(host));
  attempt->outbox_ = std::move(outbox);
  const std::int64_t last_write_ms = LastWriteMs(attempt->outbox_->path());
  while (attempt->ScanOnce()) {
  }
  // A copy under another name would take the place of the attempt that it is of.
  if (attempt->outbox_->path() != Outbox::PathOf(OutboxFolder(host.data_dir), attempt->name_)) return nullptr;
  if (!attempt->end_) {
    Evidence evidence = attempt->EvidenceOf({.vanished = true});
    evidence.wall_seconds =
        static_cast<double>(std::max(std::int64_t{0}, last_write_ms - attempt->started_at_ms_)) / 1000;
    attempt->Finish(Judge(evidence));
  }
  return attempt;
}

Attempt::~Attempt() {
  if (exit_watch_) exit_watch_->release();  // the descriptor belongs to the process
  if (!process_) return;
  process_->Signal(SIGKILL);
  process_->Reap();
}

void Attempt::WatchExit() {
  exit_watch_.emplace(host_.io, process_->exit_fd());
  exit_watch_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [weak = weak_from_this()](const boost::system::error_code& error) {
                            const std::shared_ptr<Attempt> self = weak.lock();
                            if (!error && self) self->OnExit();
                          });
}

void Attempt::WatchSilence() {
  if (!silence_timer_) silence_timer_.emplace(host_.io);
  silence_timer_->expires_after(host_.silence_timeout / 4);
  silence_timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const std::shared_ptr<Attempt> self = weak.lock();
    if (error || !self || !self->alive() || self->stopping()) return;
    const std::uintmax_t bytes = self->outbox_->size() + BytesOf(self->log_path_);
    if (std::exchange(self->output_bytes_, bytes) != bytes) self->last_output_ = Clock::now();
    if (Clock::now() - self->last_output_ >= self->host_.silence_timeout) {
      const double seconds = std::chrono::duration<double>(self->host_.silence_timeout).count();
      self->Stop(StopReason::kSilent, absl::StrCat("the trainer printed and logged nothing for ", seconds, " s"));
      return;
    }
    self->WatchSilence();
  });
}

void Attempt::Stop(StopReason reason, std::string message) {
  if (!alive() || stopping()) return;
  stop_ = reason;
  stop_message_ = std::move(message);
  spdlog::info("{}: stopping{}{}", ToText(name_), stop_message_.empty() ? "" : ": ", stop_message_);
  process_->Signal(SIGTERM);
  kill_timer_.emplace(host_.io, host_.stop_grace);
  kill_timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const std::shared_ptr<Attempt> self = weak.lock();
    if (error || !self || !self->alive()) return;
    spdlog::warn("{}: killed, it did not end within the grace period", ToText(self->name_));
    self->process_->Signal(SIGKILL);
  });
}

void Attempt::Forget() {
  if (forgotten_) return;
  forgotten_ = true;
  if (alive()) {
    spdlog::info("{}: killed, the coordinator no longer counts on it", ToText(name_));
    process_->Signal(SIGKILL);
  }
}

void Attempt::Discard() {
  if (outbox_) outbox_->Remove();
}

void Attempt::Refuse(const std::string& message) {
  refused_ = true;
  if (alive()) {
    Stop(StopReason::kRefused, message);
    return;
  }
  AttemptEnd end = Failed(FailureClass::kCrash, message);
  end.step = step_;
  if (end_) end.wall_seconds = end_->wall_seconds;
  end_ = std::move(end);
  host_.on_change();
}

void Attempt::Synchronized(std::int64_t stored_through) {
  if (is_in_step()) return;
  if (outbox_) {
    if (const absl::Status status = outbox_->Rewind(stored_through); !status.ok()) {
      Refuse(absl::StrCat("its outbox cannot be read back: ", status.message()));
      return;
    }
  }
  incarnation_ = host_.incarnation;
  if (unsent() > 0) host_.on_points();
  if (end_) host_.on_change();
}

void Attempt::Follow() {
  if (!alive() || !outbox_ || forgotten_) return;
  if (ScanOnce()) {
    boost::asio::post(host_.io, [weak = weak_from_this()] {
      if (const std::shared_ptr<Attempt> self = weak.lock()) self->Follow();
    });
  }
}

bool Attempt::ScanOnce() {
  if (unreadable_) return false;
  const std::uint64_t before = outbox_->unsent();
  const absl::StatusOr<bool> more = outbox_->Scan(Observe());
  if (!more.ok()) {
    unreadable_ = true;
    const StopReason reason = absl::IsDataLoss(more.status()) ? StopReason::kLostEvent : StopReason::kUnreadable;
    const std::string message =
        absl::StrCat("in its outbox ", outbox_->path(), " ", std::string(more.status().message()),
                     "; what comes behind is not taken, for the curve would have a hole");
    spdlog::error("{}: {}", ToText(name_), message);
    Stop(reason, message);
    if (stop_ == StopReason::kNone) {  // its process is gone already
      stop_ = reason;
      stop_message_ = message;
    }
    if (outbox_->unsent() > before) host_.on_points();
    return false;
  }
  if (outbox_->unsent() > before) host_.on_points();
  return *more;
}

Outbox::Observer Attempt::Observe() {
  return {.on_header =
              [this](const AttemptHeader& header) {
                name_ = header.name;
                secret_ = header.secret;
                started_at_ms_ = header.started_at_ms;
                continued_generation_ = header.continued_generation;
                log_path_ = LogPath(TrialPath(host_.data_dir, name_.trial_id), header.attempt);
              },
          .on_event = [this](TrainerEvent& event) { OnEvent(event); },
          .on_end = [this](const AttemptEnd& end) { end_ = end; },
          .on_garbage =
              [this](std::string_view line) {
                // Before the header comes only a damaged one, with the attempt's secret.
                if (name_.trial_id.empty() || ++garbage_lines_ > kGarbageLinesShown) return;
                spdlog::warn("{}: no event: {}", ToText(name_), Printable(line));
              }};
}

void Attempt::OnEvent(TrainerEvent& event) {
  if (auto* points = std::get_if<PointsEvent>(&event)) {
    step_ = ClampStep(points->points.step);
    const bool of_this_run = slot_.number >= 0;
    if (of_this_run) {
      host_.metrics.Observe(points->phases);
      host_.on_phases(points->phases);
    }
  } else if (auto* started = std::get_if<StartedEvent>(&event)) {
    if (started->config.is_object()) resolved_config_ = started->config.dump();
    revision_ = started->revision;
    left_out_ = started->left_out;
    from_step_ = step_ = ClampStep(started->resumed_from.value_or(0));
    host_.on_left_out(name_, started->left_out);
    host_.on_change();
  } else if (auto* checkpoint = std::get_if<CheckpointEvent>(&event)) {
    step_ = std::max(step_, ClampStep(checkpoint->step));
    spdlog::debug("{}: checkpoint of step {} in {}", ToText(name_), checkpoint->step, checkpoint->path);
  } else if (auto* end = std::get_if<AttemptEnd>(&event)) {
    said_ = *end;
    said_->step = ClampStep(end->step);
  }
}

void Attempt::OnExit() {
  ExitStatus exit = process_->Reap();
  exit.out_of_memory = exit.signal == SIGKILL && OutOfMemoryKills() > out_of_memory_kills_;
  exit_watch_->release();
  exit_watch_.reset();
  process_.reset();
  kill_timer_.reset();
  silence_timer_.reset();
  while (ScanOnce()) {
  }
  const Evidence evidence = EvidenceOf(exit);
  if (!forgotten_) Finish(Judge(evidence));
  if (evidence.disk_full) host_.on_full_disk(evidence.full_folder);
  host_.on_exit(name_);
}

Evidence Attempt::EvidenceOf(const ExitStatus& exit) const {
  // What failed for want of more room than this has been removed since: then only the trainer knows.
  const bool found_no_room = exit.signal == 0 && exit.code == kNoRoomExitCode;
  const bool has_a_reason = (said_ && said_->outcome != AttemptOutcome::kFailed) ||
                            (stop_ != StopReason::kNone && stop_ != StopReason::kLostEvent);
  std::string full = has_a_reason ? "" : FullFolder(host_.data_dir);
  if (full.empty() && found_no_room) full = host_.data_dir;
  return {.said = said_,
          .stop = stop_,
          .stop_message = stop_message_,
          .exit = exit,
          .disk_full = !full.empty(),
          .full_folder = full,
          .log_path = log_path_,
          .log_tail = ReadLogTail(log_path_),
          .step = step_,
          .wall_seconds = std::chrono::duration<double>(Clock::now() - started_at_).count()};
}

void Attempt::Finish(AttemptEnd end) {
  end_ = std::move(end);
  spdlog::info("{}: {} at step {}{}{}", ToText(name_), Name(end_->outcome), end_->step,
               end_->message.empty() ? "" : ": ", end_->message);
  if (garbage_lines_ > 0) spdlog::warn("{}: {} lines of its output were no events", ToText(name_), garbage_lines_);
  if (!outbox_) return;
  if (absl::Status status = outbox_->AppendEnd(*end_); !status.ok()) {
    spdlog::warn("{}: its end is not on disk: {}", ToText(name_), std::string(status.message()));
  }
}

void Attempt::Report(v1::AttemptReport& report) const {
  report.set_trial_id(name_.trial_id);
  report.set_generation(name_.generation);
  report.set_secret(secret_);
  if (!resolved_config_.empty()) {
    report.mutable_begun()->set_from_step(static_cast<std::uint64_t>(from_step_));
    report.mutable_begun()->set_continued_generation(continued_generation_);
    report.mutable_begun()->set_config_json(resolved_config_);
    report.mutable_begun()->set_revision(revision_);
    for (const auto& [reason, files] : left_out_) {
      (*report.mutable_begun()->mutable_left_out())[reason] = static_cast<std::uint64_t>(files);
    }
  }
  const bool all_acknowledged = (unsent() == 0 && is_in_step()) || refused_;
  if (!end_ || !all_acknowledged) {
    report.mutable_running()->set_step(static_cast<std::uint64_t>(step_));
    return;
  }
  v1::Ended& ended = *report.mutable_ended();
  ended.set_outcome(std::string(Name(end_->outcome)));
  ended.set_failure_class(std::string(Name(end_->failure)));
  ended.set_failure_message(end_->message);
  // The coordinator takes the curve to be stored through this step.
  const std::int64_t step = refused_ && outbox_ ? std::max(from_step_, outbox_->acknowledged_step()) : end_->step;
  ended.set_step(static_cast<std::uint64_t>(step));
  ended.set_wall_seconds(end_->wall_seconds);
}

}  // namespace ofsweep
