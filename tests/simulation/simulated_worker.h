#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "coordinator/coordinator_types.h"

namespace ofsweep {

// A worker that keeps worker.proto's promises: it reports what it holds, starts and stops what it is told, and keeps an
// ended attempt until its end is confirmed. A restart loses its running trainers, but not its ended attempts, which are
// on its disk.
class SimulatedWorker {
 public:
  using StartTrainer = std::function<void(const AttemptName&)>;

  SimulatedWorker(std::string id, int slots, bool has_cuda, StartTrainer start)
      : id_(std::move(id)), slots_(slots), has_cuda_(has_cuda), start_(std::move(start)) {}

  // The next report; only the answer to the newest one is taken to heart.
  WorkerReport Report();
  void TakeAnswer(std::uint64_t report_number, const SynchronizeAnswer& answer);
  // False when the trainer was stopped or lost meanwhile.
  bool TrainerEnds(const AttemptName& name, AttemptEnd end);
  void Restart();
  // A worker that shuts down offers no slot.
  void set_draining(bool draining) { draining_ = draining; }

  const std::string& id() const { return id_; }
  int slots() const { return draining_ ? 0 : slots_; }
  std::uint64_t report_number() const { return report_number_; }
  int CountRunning() const;

 private:
  const std::string id_;
  const int slots_;
  const bool has_cuda_;
  const StartTrainer start_;
  bool draining_ = false;
  std::uint64_t report_number_ = 0;
  std::map<AttemptName, std::optional<AttemptEnd>> attempts_;
};

}  // namespace ofsweep
