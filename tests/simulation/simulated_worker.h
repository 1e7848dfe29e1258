#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "coordinator/coordinator_types.h"
#include "worker/reconcile.h"

namespace ofsweep {

// A worker around the real Reconcile(): it reports what it holds, and does what comes of what it is told. A restart
// loses its running trainers, but not its ended attempts, which are on its disk.
class SimulatedWorker {
 public:
  struct Trainers {
    std::function<void(const AttemptName&)> start;
    std::function<void(const AttemptName&)> stop;
  };

  SimulatedWorker(std::string id, int slots, bool has_cuda, Trainers trainers)
      : id_(std::move(id)), slots_(slots), has_cuda_(has_cuda), trainers_(std::move(trainers)) {}

  // The next report; only the answer to the newest one is taken to heart.
  WorkerReport Report();
  void TakeAnswer(std::uint64_t report_number, const SynchronizeAnswer& answer);
  // False when the trainer has ended or was lost meanwhile.
  bool TrainerEnds(const AttemptName& name, AttemptEnd end);
  void Restart();
  // A worker that shuts down offers no slot.
  void set_draining(bool draining) { draining_ = draining; }

  const std::string& id() const { return id_; }
  int slots() const { return draining_ ? 0 : slots_; }
  std::uint64_t report_number() const { return report_number_; }
  int CountRunning() const;

 private:
  struct Attempt {
    bool stopping = false;
    std::optional<AttemptEnd> end;
  };
  void Follow();

  const std::string id_;
  const int slots_;
  const bool has_cuda_;
  const Trainers trainers_;
  bool draining_ = false;
  std::uint64_t report_number_ = 0;
  std::map<AttemptName, Attempt> attempts_;
  Instructions told_;
};

}  // namespace ofsweep
