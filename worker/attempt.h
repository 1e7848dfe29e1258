#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "absl/status/status.h"
#include "ofsweep/v1/worker.pb.h"
#include "worker/outbox.h"
#include "worker/reconcile.h"
#include "worker/trainer_process.h"
#include "worker/verdict.h"
#include "worker/worker_metrics.h"

namespace ofsweep {

// What all attempts of an agent share.
struct AttemptHost {
  boost::asio::io_context& io;
  std::string data_dir;
  std::string trainer_path;
  std::optional<std::vector<std::string>> data_roots;  // as AgentOptions has them
  int slots = 1;
  double memory_bytes = 0;        // what all of them share
  std::uint64_t incarnation = 0;  // of the coordinator, as it last answered
  std::string no_room;            // why nothing is started: the disk is too full; "" while it is not
  std::string stopping;           // likewise: the agent is ending
  std::chrono::milliseconds stop_grace;
  std::chrono::milliseconds silence_timeout;
  WorkerMetrics& metrics;
  StartTrainer start_trainer;
  std::function<void()> on_points;                                           // there is something to forward
  std::function<void()> on_change;                                           // there is something to report
  std::function<void(const std::vector<PhaseTime>&)> on_phases;              // what a trainer's time went into
  std::function<void(const std::string& folder)> on_full_disk;               // an attempt ended for want of room
  std::function<void(const AttemptName&)> on_exit;                           // a process was reaped: a slot is free
  std::function<void(const AttemptName&, const LeftOutFiles&)> on_left_out;  // of the corpus that its trainer has read
};

// Where an attempt runs.
struct Slot {
  int number = -1;
  std::string gpu;    // as CUDA_VISIBLE_DEVICES names it; "" without one
  int gpu_slots = 1;  // how many slots use it
};

// One attempt that this worker holds: its trainer while that runs, its outbox until its end is recorded. Lives
// on the agent's loop; not thread-safe.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  // Starts a trainer. When that fails the attempt has ended already, and says why.
  static std::shared_ptr<Attempt> Launch(const AttemptHost& host, const v1::Start& start, const Slot& slot);
  // Takes over an outbox that a former run has left; its trainer died with that run. Null when the file says not whose
  // it is.
  static std::shared_ptr<Attempt> Recover(const AttemptHost& host, std::unique_ptr<Outbox> outbox);

  // Kills a trainer that is still alive.
  ~Attempt();

  const AttemptName& name() const { return name_; }
  const std::string& secret() const { return secret_; }  // as its Start told it
  bool alive() const { return process_ != nullptr; }
  // Its points are wanted.
  bool forwarding() const { return outbox_ && !forgotten_ && !refused_ && is_in_step(); }
  bool stopping() const { return stop_ != StopReason::kNone || forgotten_; }
  bool forgotten() const { return forgotten_; }
  int slot() const { return slot_.number; }
  const std::string& log_path() const { return log_path_; }  // of its trainer
  // Null when it could not be made.
  Outbox* outbox() { return outbox_.get(); }
  std::uint64_t unsent() const { return outbox_ ? outbox_->unsent() : 0; }
  std::int64_t from_step() const { return from_step_; }

  // The coordinator's present incarnation holds its curve through this step: what lies behind waits again.
  void Synchronized(std::int64_t stored_through);
  // The database does not know its trial: it waits until the coordinator names it.
  void Park() { incarnation_ = 0; }

  // Reads what the trainer has written since the last call.
  void Follow();
  // SIGTERM, then SIGKILL after the grace period. Only the first reason counts.
  void Stop(StopReason reason, std::string message = "");
  // Nobody wants its points any more: kills the trainer. Once it is not alive, the caller lets go of it.
  void Forget();
  // Deletes the outbox.
  void Discard();

  // The rest of its points will not be accepted: they are dropped, and it fails.
  void Refuse(const std::string& message);

  // For Synchronize. An end is told only when all points were acknowledged, by the incarnation that is asked; until
  // then the attempt counts as running.
  void Report(v1::AttemptReport& report) const;

 private:
  explicit Attempt(const AttemptHost& host) : host_(host) {}

  absl::Status StartTrainer(const v1::Start& start);
  void WatchExit();
  void WatchSilence();
  void OnExit();
  bool ScanOnce();
  void OnEvent(TrainerEvent& event);
  Outbox::Observer Observe();
  Evidence EvidenceOf(const ExitStatus& exit) const;
  void Finish(AttemptEnd end);
  bool is_in_step() const { return incarnation_ == host_.incarnation && incarnation_ != 0; }

  const AttemptHost& host_;
  AttemptName name_;
  std::string secret_;
  Slot slot_;
  std::string log_path_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Trainer> process_;
  std::optional<boost::asio::posix::stream_descriptor> exit_watch_;
  std::optional<boost::asio::steady_timer> kill_timer_;
  std::optional<boost::asio::steady_timer> silence_timer_;
  std::chrono::steady_clock::time_point started_at_;
  std::int64_t started_at_ms_ = 0;
  std::uint64_t out_of_memory_kills_ = 0;  // when it started
  std::uintmax_t output_bytes_ = 0;        // of outbox and log, when last looked at
  std::chrono::steady_clock::time_point last_output_;

  StopReason stop_ = StopReason::kNone;
  std::string stop_message_;
  bool forgotten_ = false;
  bool refused_ = false;
  bool unreadable_ = false;  // the rest of its output

  std::uint64_t incarnation_ = 0;  // of the coordinator that said through which step its points are stored
  std::uint64_t continued_generation_ = 0;
  std::string resolved_config_;  // "" before the trainer has begun
  std::string revision_;         // of the trainer
  LeftOutFiles left_out_;
  std::int64_t from_step_ = 0;
  std::int64_t step_ = 0;
  std::uint64_t garbage_lines_ = 0;
  std::optional<AttemptEnd> said_;  // by the trainer
  std::optional<AttemptEnd> end_;
};

}  // namespace ofsweep
