#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "absl/status/status.h"
#include "experiment/sweep_attributes.h"
#include "host/disk.h"
#include "ofsweep/v1/worker.pb.h"
#include "worker/agent.h"
#include "worker/attempt.h"
#include "worker/deletions.h"
#include "worker/host.h"
#include "worker/reconcile.h"
#include "worker/worker_metrics.h"

namespace ofsweep {

// The attempts of this worker: carries out what Reconcile() decides, and tells what there is to report and to forward.
// Lives on the agent's loop; not thread-safe.
class Supervisor {
 public:
  struct Callbacks {
    std::function<void()> on_points;  // there are points to forward
    std::function<void()> on_change;  // there is something to tell the coordinator
    std::function<void()> on_let_go;  // fewer attempts are held or alive
    // A trainer has a log. `is_new`: since now, not since a former run of the agent.
    std::function<void(const Attempt&, bool is_new)> on_log = [](const Attempt&, bool) {};
    // What a trainer of this run has spent its time on.
    std::function<void(const std::vector<PhaseTime>&)> on_phases = [](const std::vector<PhaseTime>&) {};
    StartTrainer start_trainer = StartTrainerProcess;
    std::function<std::optional<std::uint64_t>(const std::string& folder)> free_bytes = FreeBytesOnDiskOf;
    std::function<bool(const std::string& folder, std::uint64_t bytes)> has_room = HasRoomFor;
  };

  // `options` must be complete (slots, trainer_path).
  Supervisor(boost::asio::io_context& io, const AgentOptions& options, std::vector<Gpu> gpus, WorkerMetrics& metrics,
             Callbacks callbacks);

  // Begins to follow the outboxes, and takes over those that a former run has left.
  absl::Status Open();

  // Of the coordinator that answered last; empty before any did.
  const v1::Database& database() const { return database_; }
  // Follows an answer of the coordinator.
  void Apply(const v1::SynchronizeResponse& told);
  // An attempt that was fenced out.
  void Forget(const AttemptName& name);
  void Refuse(const AttemptName& name, const std::string& message);
  void OnAcknowledged(Attempt& attempt, const Outbox::Batch& batch);
  // SIGTERM to every trainer; from now on nothing is started: what an answer still names ends at once, as preempted, so
  // that another worker may have it before the lease expires. `why` is told of these attempts.
  void ShutDown(const std::string& why);
  // Ends what it waits for on the loop.
  void Close();

  void Report(v1::SynchronizeRequest& request) const;
  // Attempts whose points wait, each time beginning with another one. Valid until the next change.
  std::vector<Attempt*> Forwarding();
  Attempt* Find(const AttemptName& name);
  const Attempt* Find(const AttemptName& name) const;

  // For Synchronize: none while the disk is too full to start a trial.
  int offered_slots() const { return has_room() ? options_.slots : 0; }

  bool empty() const { return attempts_.empty(); }
  bool any_alive() const;

 private:
  void Synchronized(const v1::Holding& holding);
  void Reconcile(Instructions told);
  void Launch(const AttemptName& name);
  void LetGo(const AttemptName& name);
  void RemoveCheckpoints(const AttemptName& name);
  void RemoveDeleted();
  void OnExit(const AttemptName& name);
  Slot FreeSlot() const;
  void WatchOutboxes();
  void WatchDisk();
  void LookAtDisk();
  void OnFullDisk(const std::string& folder);
  void CloseSlots(const std::string& message);
  std::uint64_t BytesToStartAgain() const;
  bool has_room() const { return host_.no_room.empty(); }
  void TellLeftOut(const AttemptName& name, const LeftOutFiles& files);
  void NoteUnsent();  // for a scrape, whenever it may have changed
  std::uint64_t unsent() const;

  const AgentOptions& options_;
  std::vector<Gpu> gpus_;
  Callbacks callbacks_;
  AttemptHost host_;
  std::string outbox_folder_;
  v1::Database database_;
  std::map<AttemptName, std::shared_ptr<Attempt>> attempts_;
  FollowedDeletions deletions_;
  std::map<AttemptName, KeepCheckpoints> kept_checkpoints_;  // of attempts that are let go, whose trials are over
  std::vector<v1::Start> starts_;                            // of the newest answer, those that wait for a slot too
  AttemptName last_forwarded_;
  std::set<std::string> told_left_out_;  // what was said of one trial is not said again of its neighbours
  std::string full_folder_;              // in which a trainer found no room; "" since there was
  int found_full_ = 0;                   // how often
  bool shutting_down_ = false;
  bool closed_ = false;
  boost::asio::posix::stream_descriptor inotify_;
  boost::asio::steady_timer disk_timer_;
  std::array<char, 4096> inotify_buffer_;
};

}  // namespace ofsweep
