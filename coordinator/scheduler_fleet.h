#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/scheduler_records.h"

namespace ofsweep {

struct QuarantineOptions {
  // Different trials that crash on a worker without one that ends well between them.
  std::size_t after_crashes = 3;
  // Doubles each time, until a trial ends well there.
  TimeMs first_ms = 60'000;
  TimeMs longest_ms = 30 * 60'000;
};

struct FleetLimits {
  // Workers that are remembered; beyond it those go that hold nothing and are silent, the longest first.
  std::size_t workers = 10'000;
  // A worker that holds nothing is forgotten when it was silent for so long.
  TimeMs forget_ms = 24 * 60 * 60'000;
};

struct WorkerRecord {
  std::string id;  // "" of a place that no worker has
  std::string host;
  std::string version;
  std::string scrape_target;
  std::string folder;
  int slots = 0;
  std::vector<Device> devices;
  bool has_cuda = false;
  std::uint64_t unsent_points = 0;
  std::optional<TimeMs> stops_at;  // because its time is up
  TimeMs last_seen = 0;
  bool connected = false;
  TimeMs connected_since = 0;
  absl::btree_set<TrialIndex> held;  // trials it has a lease on
  int leaving = 0;                   // its processes without a lease, each of which keeps its slot until it is gone
  bool has_held = false;             // trials may name it, so that its place stays its own
  bool is_forgotten = false;         // of it only its id is left

  std::vector<TrialIndex> crashed_in_a_row;  // different ones
  int quarantines = 0;                       // in a row
  TimeMs quarantined_until = 0;
  std::string quarantine_reason;

  int busy() const { return static_cast<int>(held.size()); }
  bool HasTimeFor(TimeMs needed, TimeMs now) const { return !stops_at || *stops_at - now >= needed; }
  bool may_be_forgotten() const { return !id.empty() && !is_forgotten && !connected && held.empty(); }
};

// What keeps a trial that stands in a queue from starting on a worker. Of several the one that lasts longest is told,
// which is the last of these.
enum class Obstacle {
  kNone,
  kBusy,
  kCrashedThere,  // and there is another worker to try
  kOtherDataThere,
  kQuarantine,
  kEndsTooSoon,   // it stops before anything of the trial would outlast it
  kOffersNoSlot,  // it shuts down, or its disk is full
  kNoCuda,
  kNotConnected,
};
inline constexpr std::size_t kObstacles = static_cast<std::size_t>(Obstacle::kNotConnected) + 1;

// The workers that have called, what each holds, and how far it is to be trusted.
class Fleet {
 public:
  Fleet(QuarantineOptions options, FleetLimits limits) : options_(options), limits_(limits) {}

  // The worker of this id, made when unknown; where there are too many, another one is forgotten.
  WorkerIndex Ensure(const std::string& worker_id);
  WorkerIndex Find(const std::string& worker_id) const;  // kNoWorker when unknown
  const WorkerRecord& at(WorkerIndex worker) const { return workers_[worker]; }
  WorkerRecord& at(WorkerIndex worker) { return workers_[worker]; }
  const std::vector<WorkerRecord>& workers() const { return workers_; }

  // AlreadyExists while a live agent of another folder goes by the id: one of the two folders is a copy.
  // InvalidArgument for a report of far more attempts than it can hold. Unavailable for a new one where there are too
  // many workers of which none may be forgotten.
  absl::Status Admit(const WorkerReport& report, TimeMs now) const;
  void Seen(WorkerIndex worker, const WorkerReport& report, TimeMs now);
  // Workers silent since `before` are no longer connected; returns those of them that hold leases.
  std::vector<WorkerIndex> Disconnect(TimeMs before);
  void ForgetSilent(TimeMs now);
  std::size_t connected() const { return connected_; }
  std::size_t remembered() const { return remembered_; }

  // True when this crash put the worker into quarantine.
  bool NoteCrash(WorkerIndex worker, TrialIndex trial, TimeMs now);
  // A trial that crashes on more than one worker is itself to blame: its crashes count against none of them.
  void Forgive(TrialIndex trial);
  void NoteSuccess(WorkerIndex worker);

  // Where a trial may start, and the reason why it does not, which is all that words are made of. The first is what
  // stands against any trial on that worker.
  Obstacle ObstacleOn(WorkerIndex worker, TimeMs now) const;
  Obstacle ObstacleTo(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const;

  std::vector<WorkerView> Views(TimeMs now) const;

 private:
  // The last worker that could work is in no quarantine: nobody would be left.
  bool InQuarantine(WorkerIndex worker, TimeMs now) const;
  // Another one than this is connected, not shutting down now or soon, not in quarantine, and with CUDA where that is
  // asked.
  bool AnotherIsUsable(WorkerIndex worker, bool needs_cuda, TimeMs now) const;
  Obstacle ObstacleBetween(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const;
  // Of those that may be forgotten the one that is silent for longest.
  WorkerIndex LongestSilent() const;
  void Forget(WorkerIndex worker);

  QuarantineOptions options_;
  FleetLimits limits_;
  std::vector<WorkerRecord> workers_;
  std::vector<WorkerIndex> free_places_;
  absl::flat_hash_map<std::string, WorkerIndex> by_id_;
  std::size_t connected_ = 0;
  std::size_t remembered_ = 0;
};

}  // namespace ofsweep
