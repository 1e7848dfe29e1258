#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_config.h"
#include "trainer/batches.h"
#include "trainer/checkpoint.h"
#include "trainer/event_output.h"
#include "trainer/inputs.h"
#include "trainer/machine.h"
#include "trainer/statistics.h"

namespace ofsweep {

struct TrainingOptions {
  std::filesystem::path output;  // folder of the checkpoints; empty: none are written
  bool resume = false;  // continue from the newest whole checkpoint in `output`, from the start where there is none
  bool keep_all_checkpoints = false;  // else the last two
  DataRoots roots;                    // beneath which the files lie that the trial names
  std::filesystem::path cache;        // of prepared corpora
  MachineShare share;
  Overrides expected = {};    // fingerprints of what the trial reads, by their keys
  std::string revision = {};  // of the program
};

enum class TrainingOutcome {
  kCompleted,
  kDiverged,
  kStopped,  // SIGTERM: checkpoint written, no `finished` event
};

// One trial, from its configuration to its last event.
class Training {
 public:
  // Prepares data, model and optimiser, restores the checkpoint if asked to, and emits `started`.
  static absl::StatusOr<std::unique_ptr<Training>> Start(const TrialConfig& config, const TrainingOptions& options,
                                                         EventOutput& events);

  // Trains to the end and emits everything but `started` and `failed`. An error means that the trial failed.
  absl::StatusOr<TrainingOutcome> Run();

 private:
  Training(TrialConfig config, const TrainingOptions& options, Dataset dataset, Machine machine, EventOutput& events);

  absl::Status Resume(const SafetensorsFile* checkpoint, const DataRoots& roots);
  absl::Status LoadInitialWeights(const std::string& path, const DataRoots& roots);
  void EmitStarted(bool resumed);

  // What a step has besides its measurements. Values not read from the device are NaN.
  struct StepScalars {
    double loss = std::numeric_limits<double>::quiet_NaN();
    double gradient_norm = std::numeric_limits<double>::quiet_NaN();
    double learning_rate = 0;
  };

  // Calls `visit` with each micro-batch of this step in turn, on the device.
  void ForEachMicroBatch(const std::function<void(const Batch&)>& visit) const;
  // Gradients of the batch of this step; its mean loss, on the device.
  at::Tensor ForwardBackward(StatisticsTap* tap);
  // Passes the batch of this step through the updated model with the dropout masks that its training pass drew, so that
  // all that moved is the model's doing. `dropout` is the generator as it was before that pass; training draws on from
  // where it is now.
  void ShowUpdated(StatisticsTap& tap, const at::Generator& dropout);
  // One update, which a checkpoint follows if `saves`. Says why where the trial has diverged: then nothing was updated,
  // and the step is measured.
  std::optional<std::string_view> Step(bool saves);
  // What a loss and gradient norm seen at this step say.
  std::optional<std::string_view> WhyDiverged(const StepScalars& scalars);
  // The statistics and mean loss of the batch of this step, of the last one after the last update, from a pass of its
  // own.
  double Measure(StatisticsTap& tap);
  void EmitStepPoints(const StepScalars& scalars, const StatisticsTap& tap);
  // With the time that went into each phase since the last call.
  void EmitPoints(std::vector<MetricPoint> points);
  void CountPhase(TrainerPhase phase, std::int64_t times, double seconds);
  // The time at which a phase begins. What a GPU still has to do of the updates before is waited for, and is their
  // time.
  std::chrono::steady_clock::time_point BeginPhase();
  // Waits until a GPU has done all that it was told; a CPU always has.
  void WaitForDevice() const;

  bool IsCheckpointDue() const;  // after the next step
  absl::Status SaveCheckpoint();
  // The validation loss, and that after each rounding the trial asks for. Not kCompleted when the process was asked to
  // stop meanwhile, or the loss without rounding is NaN or Inf: what is rounded is only a value.
  TrainingOutcome Evaluate();
  TrainingOutcome EvaluateQuantised();
  TrainingOutcome Diverge(std::string_view reason);
  // The same of an evaluation, which measures nothing by itself.
  TrainingOutcome DivergeMeasured(std::string_view reason);
  void LogProgress();

  const TrialConfig config_;  // resolved
  const std::string revision_;
  const TokenWatch tokens_;
  const Dataset dataset_;
  const Machine machine_;
  EventOutput& events_;
  std::optional<CheckpointFolder> checkpoints_;

  const std::int64_t steps_;
  const std::int64_t tokens_per_step_;
  const Batches batches_;
  Decoder decoder_;
  std::unique_ptr<Optimizer> optimizer_;

  TrainingProgress progress_;                                 // its step is the number of updates done
  double measured_seconds_ = 0;                               // progress_.seconds after the last measured step, and
  std::int64_t measured_step_ = 0;                            // the step after it
  std::array<PhaseTime, kTrainerPhases.size()> phases_ = {};  // since the last points
  double last_loss_ = std::numeric_limits<double>::quiet_NaN();
  std::int64_t saved_step_ = -1;
  std::chrono::steady_clock::time_point saved_at_;
  std::chrono::steady_clock::time_point logged_at_;
};

}  // namespace ofsweep
