#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/referee.h"
#include "tests/simulation/simulated_coordinator.h"
#include "tests/simulation/simulated_worker.h"
#include "tests/simulation/timeline.h"
#include "tests/simulation/training_log.h"

namespace ofsweep {

// A coordinator with its database, workers with their folders, users and the network between them, all decided by one
// seed. First comes a time of chaos; then it stops, and everything that is wanted must come to an end.
class World {
 public:
  // Everything is kept in `folder`.
  World(std::uint64_t seed, const std::string& folder);
  ~World();

  // Runs to the end. Returns "" or what went wrong.
  std::string Run(std::uint64_t chaotic_events);
  std::uint64_t events() const { return timeline_.events(); }
  std::uint64_t checks() const { return referee_.checks(); }
  // How often each fault came up, and each end of an attempt and of a trial.
  const std::map<std::string, std::uint64_t>& faults() const { return faults_; }
  const std::map<std::string, std::uint64_t>& ends() const { return ends_; }

 private:
  struct Machine {
    std::string worker_id;
    std::string folder;
    int slots = 1;
    bool has_cuda = false;
    bool is_copy = false;  // of another machine's folder
    Corpora corpora;
    TimeMs silent_until = 0;
    std::shared_ptr<SimulatedWorker> worker;  // null: it was killed
  };
  // A call that has reached the coordinator.
  struct Incoming {
    std::function<absl::Status()> call;
    // What comes of it: `delivers`, its answer leaves; `is_alone`, nothing was decided since.
    std::function<void(const absl::Status&, bool delivers, bool is_alone)> settle;
    int clock_reads = 1;
    bool is_push = false;
  };
  struct Submission {
    std::string name;
    std::string trial;  // what all of its trials have in common
    std::vector<std::int64_t> seeds;
    Fingerprints seen;
  };

  // ---- the network ----
  void Send(const Machine& machine, std::function<void()> deliver);
  void OnSynchronize(Machine& machine, const v1::SynchronizeRequest& request,
                     const SimulatedWorker::SynchronizeLoop::Done&);
  void OnPush(Machine& machine, const v1::PushMetricsRequest& request, const SimulatedWorker::PushLoop::Done& done);
  Incoming SynchronizeCall(Machine& machine, const v1::SynchronizeRequest& request,
                           const SimulatedWorker::SynchronizeLoop::Done& done);
  Incoming PushCall(Machine& machine, const v1::PushMetricsRequest& request,
                    const SimulatedWorker::PushLoop::Done& done);

  // ---- the coordinator ----
  void Serve(Incoming incoming);
  void ServeTogether();
  void StopCoordinator(TimeMs down);
  void StartCoordinator();
  void RestoreDatabase();
  void LoseKey();  // while it is down
  void Tick();
  void Check();

  // ---- workers ----
  void StartWorker(Machine& machine);
  void DisturbWorker();
  void KillWorker(Machine& machine);
  void DamageFolder(Machine& machine);
  void DamageBytes(const std::filesystem::path& path);
  void CopyFolder(const Machine& original);
  std::string NewFolder();

  // ---- somebody who is no worker, or another one ----
  v1::SynchronizeRequest Forged(v1::SynchronizeRequest report);
  v1::PushMetricsRequest Forged(v1::PushMetricsRequest push);

  // ---- users ----
  void SubmitSweep();
  absl::Status TakeIn(const Submission& submission, bool is_update);
  absl::Status Update(Submission submission);
  absl::Status Delete(const std::string& sweep);
  void UserActs();
  Incoming UserCall();

  void DisturbCoordinator();
  void Disturb();
  void EndChaos();
  bool IsFinished();
  std::string WhatStarves();

  static constexpr const char* kForger = "forger";
  static constexpr const char* kCopy = "copy";  // of the database

  const std::string folder_;
  Timeline timeline_;
  TrainingLog log_;
  Referee referee_;
  const SchedulerOptions options_;
  SimulatedCoordinator coordinator_;
  std::vector<std::unique_ptr<Machine>> machines_;
  bool is_chaos_ = true;
  bool is_gathering_ = false;  // calls, to be served together
  std::vector<Incoming> gathered_;
  std::optional<Referee::Promises> copied_;  // with the database's copy
  std::vector<Submission> submissions_;
  std::uint64_t folders_ = 0;
  std::uint64_t ticks_ = 0;
  std::map<std::string, std::uint64_t> faults_;
  std::map<std::string, std::uint64_t> ends_;
};

}  // namespace ofsweep
