#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "experiment/trainer_event.h"
#include "experiment/trial_config.h"
#include "tests/simulation/timeline.h"
#include "tests/simulation/training_log.h"
#include "worker/trainer_process.h"

namespace ofsweep {

// What lies at a machine's paths, by its fingerprint.
using Corpora = std::map<std::string, std::string>;

// All that trainers of a worker need of the world around them.
struct TrainerHost {
  Timeline& timeline;
  TrainingLog& log;
  const Corpora& corpora;
  // While true, trainers crash, hang, diverge, run out of memory and print nonsense.
  const bool& is_chaos;
  std::function<void()> on_output;                  // something was printed, or a trainer has ended
  std::function<void(const AttemptName&)> on_hang;  // it will not print any more
  std::function<void(std::string)> violation;
};

// Stands for ofsweep-trainer's process: keeps the promises of docs/trainer.md to the worker (each line is written at
// once, a step's points before the checkpoint that has the step, a checkpoint when it is asked to end), and none that
// the worker should not count on.
class SimulatedTrainer : public std::enable_shared_from_this<SimulatedTrainer> {
 public:
  static absl::StatusOr<std::unique_ptr<Trainer>> Start(const TrainerHost& host, const TrainerCommand& command);

  ~SimulatedTrainer();
  int exit_fd() const { return exit_fd_; }
  void Signal(int signal);
  const ExitStatus& exit() const { return exit_; }

 private:
  // What goes wrong with it, and when.
  enum class Mishap { kNone, kDies, kOutOfMemory, kFails, kHangs, kDiverges, kPrintsNonsense };

  SimulatedTrainer(const TrainerHost& host, const TrainerCommand& command);
  void After(TimeMs delay, void (SimulatedTrainer::*action)());
  void Begin();
  bool FindsItsData(std::string& found);
  bool Resume(TrainingRun& run);
  void Train();
  void Update(TrainingRun& run);
  void PrintPoints(const TrainingRun& run);
  void Meet(Mishap mishap);
  void SaveCheckpoint();
  void ObeyStop();
  void Say(const TrainerEvent& event);
  void Print(const std::string& line);
  void Exit(int code, int signal);

  const TrainerHost& host_;
  std::string output_;
  std::map<std::string, std::string> expected_;  // fingerprints by their keys
  bool resume_ = false;
  int out_ = -1;
  std::uint64_t lines_ = 0;
  int exit_fd_ = -1;
  AttemptName name_;
  TrialConfig config_;
  std::size_t run_ = 0;
  bool is_training_ = false;
  bool is_alive_ = true;
  bool hangs_ = false;
  ExitStatus exit_;
  Mishap mishap_ = Mishap::kNone;
  std::int64_t mishap_step_ = 0;
};

}  // namespace ofsweep
