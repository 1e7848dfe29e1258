#include "trainer/training.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "trainer/clip.h"
#include "trainer/device_memory.h"
#include "trainer/evaluation.h"
#include "trainer/inputs.h"
#include "trainer/log.h"
#include "trainer/quantised_events.h"
#include "trainer/schedule.h"
#include "trainer/termination.h"

namespace ofsweep {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAutoCheckpointInterval = std::chrono::minutes(10);
constexpr auto kLogInterval = std::chrono::seconds(30);
// A loss that has been above twice the loss of a uniform guess for so many steps has diverged.
constexpr std::int64_t kHighLossSteps = 20;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool AllFinite(const std::vector<NamedTensor>& parameters) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& parameter : parameters) tensors.push_back(parameter.tensor);
  const auto largest = at::_foreach_norm(tensors, std::numeric_limits<double>::infinity());
  return at::stack(largest).isfinite().all().item<bool>();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Training>> Training::Start(const TrialConfig& config, const TrainingOptions& options,
                                                          EventOutput& events) {
  TrialConfig resolved = config;
  const absl::StatusOr<FoundInputs> found =
      FindInputs(kInputKeys, options.expected, options.roots, options.cache, resolved);
  if (!found.ok()) return found.status();
  absl::StatusOr<Dataset> dataset = OpenDataset(config, *found, options.cache);
  if (!dataset.ok()) return dataset.status();

  std::optional<SafetensorsFile> checkpoint;
  if (options.resume) {
    absl::StatusOr<std::optional<SafetensorsFile>> newest = CheckpointFolder(options.output).Newest();
    if (!newest.ok()) return newest.status();
    checkpoint = *std::move(newest);
  }
  const std::string checkpoint_config = checkpoint ? ReadProgress(*checkpoint)->config : "";
  const absl::StatusOr<Machine> machine = ResolveForMachine(*dataset, checkpoint_config, options.share, resolved);
  if (!machine.ok()) return machine.status();
  if (absl::Status status = CheckItFits(resolved, machine->memory); !status.ok()) return status;

  std::unique_ptr<Training> training(new Training(resolved, options, *std::move(dataset), *machine, events));
  training->progress_.config_hash = ConfigHash(config);
  if (absl::Status status = training->Resume(checkpoint ? &*checkpoint : nullptr, options.roots); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckOpened(kInputKeys, options.roots, options.cache, resolved); !status.ok()) {
    return status;
  }
  training->EmitStarted(checkpoint.has_value());
  return training;
}

Training::Training(TrialConfig config, const TrainingOptions& options, Dataset dataset, Machine machine,
                   EventOutput& events)
    : config_(std::move(config)),
      revision_(options.revision),
      tokens_(config_, options.roots, options.cache),
      dataset_(std::move(dataset)),
      machine_(machine),
      events_(events),
      steps_(config_.Integer("train.steps")),
      tokens_per_step_(config_.Integer("train.batch_size") * config_.Integer("model.context")),
      batches_(dataset_.train, config_.Integer("model.context"), config_.Integer("train.batch_size"),
               TrainingOrder(config_), static_cast<std::uint64_t>(config_.Integer("seed"))),
      decoder_(ModelShapeOf(config_), static_cast<std::uint64_t>(config_.Integer("seed")), machine_.precision,
               machine_.device) {
  decoder_.SetActivationCheckpointing(config_.Boolean("train.activation_checkpointing"));
  if (!options.output.empty()) checkpoints_.emplace(options.output, options.keep_all_checkpoints);
  progress_.config = ToFlatJson(config_).dump();
  progress_.data_fingerprint = dataset_.fingerprint;
}

absl::Status Training::LoadInitialWeights(const std::string& path, const DataRoots& roots) {
  const absl::StatusOr<RegularFile> file = roots.Open(path);
  if (!file.ok()) return absl::Status(file.status().code(), absl::StrCat("model.init_from: ", file.status().message()));
  const absl::StatusOr<SafetensorsFile> initial = SafetensorsFile::Of(*file);
  if (!initial.ok()) return initial.status();
  return LoadParameters(*initial, decoder_);
}

absl::Status Training::Resume(const SafetensorsFile* checkpoint, const DataRoots& roots) {
  if (const std::string& path = config_.Text("model.init_from"); checkpoint == nullptr && !path.empty()) {
    if (absl::Status status = LoadInitialWeights(path, roots); !status.ok()) return status;
  }
  optimizer_ = MakeOptimizer(config_, decoder_.Parameters());
  if (checkpoint != nullptr) {
    if (absl::Status status = Restore(*checkpoint, decoder_, *optimizer_, progress_); !status.ok()) return status;
    LogInfo(absl::StrCat("continuing from step ", progress_.step, ", ", checkpoint->path().string()));
    saved_step_ = progress_.step;
  }
  saved_at_ = logged_at_ = Clock::now();
  measured_seconds_ = progress_.seconds;
  measured_step_ = progress_.step;
  return absl::OkStatus();
}

void Training::EmitStarted(bool resumed) {
  StartedEvent event{.parameters = decoder_.ParameterCount(),
                     .device = config_.Text("train.device"),
                     .tokens_per_step = tokens_per_step_,
                     .config_hash = progress_.config_hash,
                     .left_out = dataset_.left_out,
                     .revision = revision_,
                     .config = ToFlatJson(config_)};
  if (resumed) event.resumed_from = progress_.step;
  events_.Emit(event);
}

absl::StatusOr<TrainingOutcome> Training::Run() {
  CatchTermination();
  while (progress_.step < steps_) {
    const bool evaluates = progress_.step > 0 && progress_.step % config_.Integer("evaluate.every") == 0;
    TrainingOutcome evaluated = TerminationRequested() ? TrainingOutcome::kStopped : TrainingOutcome::kCompleted;
    if (evaluates && evaluated == TrainingOutcome::kCompleted) evaluated = Evaluate();
    if (evaluated == TrainingOutcome::kStopped) {
      if (absl::Status status = SaveCheckpoint(); !status.ok()) return status;
    }
    if (evaluated != TrainingOutcome::kCompleted) return evaluated;
    const bool saves = IsCheckpointDue();
    if (const auto reason = Step(saves)) return Diverge(*reason);
    if (saves) {
      if (absl::Status status = SaveCheckpoint(); !status.ok()) return status;
    }
    LogProgress();
  }
  if (absl::Status status = SaveCheckpoint(); !status.ok()) return status;
  if (const TrainingOutcome evaluated = Evaluate(); evaluated != TrainingOutcome::kCompleted) return evaluated;
  if (!AllFinite(decoder_.Parameters())) return DivergeMeasured(diverged_reasons::kWeights);
  // Where nothing is evaluated, no later loss shows what the last update did.
  if (dataset_.validation.size == 0) {
    StatisticsTap ignored({});
    if (!std::isfinite(Measure(ignored))) return DivergeMeasured(diverged_reasons::kTrainLoss);
  }
  if (const TrainingOutcome evaluated = EvaluateQuantised(); evaluated != TrainingOutcome::kCompleted) return evaluated;
  if (absl::Status status = tokens_.Check(); !status.ok()) return status;
  events_.Emit(AttemptEnd{.outcome = AttemptOutcome::kCompleted, .step = steps_});
  return TrainingOutcome::kCompleted;
}

TrainingOutcome Training::Diverge(std::string_view reason) {
  events_.Emit(
      AttemptEnd{.outcome = AttemptOutcome::kDiverged, .message = std::string(reason), .step = progress_.step});
  return TrainingOutcome::kDiverged;
}

TrainingOutcome Training::DivergeMeasured(std::string_view reason) {
  StatisticsTap tap(config_.List("measure.metrics"));
  const double loss = Measure(tap);
  std::vector<MetricPoint> points = {{{"train_loss", std::nullopt, ""}, loss}};
  for (MetricPoint& point : tap.Finish()) points.push_back(std::move(point));
  EmitPoints(std::move(points));
  return Diverge(reason);
}

std::optional<std::string_view> Training::Step(bool saves) {
  const bool measured = progress_.step % config_.Integer("measure.every") == 0 || progress_.step == steps_ - 1;
  const auto start = measured ? BeginPhase() : Clock::now();
  StatisticsTap tap(config_.List("measure.metrics"));
  const bool compares = measured && tap.WantsUpdate();
  const at::Generator dropout = compares ? decoder_.DropoutGenerator().clone() : at::Generator();
  const at::Tensor loss = ForwardBackward(measured ? &tap : nullptr);
  const at::Tensor gradient_norm = ClipGradientNorm(decoder_.Parameters(), config_.Number("train.clip_norm"));
  const double learning_rate = LearningRate(config_, progress_.step);

  // Reading a value waits for a GPU, so there only measured steps read, and those that a checkpoint follows, which must
  // not push a good one out when the trial has diverged meanwhile; a CPU has it at hand.
  StepScalars scalars{.learning_rate = learning_rate};
  std::optional<std::string_view> diverged;
  if (measured || saves || machine_.device.is_cpu()) {
    const at::Tensor values = at::stack({loss.to(at::kDouble), gradient_norm.to(at::kDouble)}).cpu();
    scalars.loss = values[0].item<double>();
    scalars.gradient_norm = values[1].item<double>();
    diverged = WhyDiverged(scalars);
  }
  if (!diverged) optimizer_->Step(learning_rate);
  if (!diverged && compares) ShowUpdated(tap, dropout);
  if (diverged && !measured) Measure(tap);
  if (measured || diverged) WaitForDevice();
  const double seconds = SecondsSince(start);
  progress_.seconds += seconds;
  CountPhase(measured ? TrainerPhase::kMeasure : TrainerPhase::kTrain, 1, seconds);
  if (measured || diverged) EmitStepPoints(scalars, tap);
  if (!diverged) ++progress_.step;
  return diverged;
}

void Training::ForEachMicroBatch(const std::function<void(const Batch&)>& visit) const {
  const std::int64_t batch_size = config_.Integer("train.batch_size");
  const std::int64_t micro_batch_size = config_.Integer("train.micro_batch_size");
  for (std::int64_t row = 0; row < batch_size; row += micro_batch_size) {
    visit(batches_.Rows(progress_.step, row, std::min(micro_batch_size, batch_size - row), machine_.device));
  }
}

at::Tensor Training::ForwardBackward(StatisticsTap* tap) {
  decoder_.ZeroGradients();
  at::Tensor total;
  ForEachMicroBatch([&](const Batch& batch) {
    const double share = static_cast<double>(batch.inputs.numel()) / static_cast<double>(tokens_per_step_);
    const at::Tensor loss = decoder_.Loss(batch.inputs, batch.targets, tap) * share;
    loss.backward();
    total = total.defined() ? total + loss.detach() : loss.detach();
  });
  return total;
}

void Training::ShowUpdated(StatisticsTap& tap, const at::Generator& dropout) {
  const at::NoGradGuard no_gradients;
  const at::Generator after = std::exchange(decoder_.DropoutGenerator(), dropout);
  tap.ModelIsUpdated();
  ForEachMicroBatch([&](const Batch& batch) { decoder_.Hidden(batch.inputs, &tap); });
  decoder_.DropoutGenerator() = after;
}

double Training::Measure(StatisticsTap& tap) {
  const at::NoGradGuard no_gradients;
  const bool is_over = progress_.step == steps_;
  if (is_over) --progress_.step;
  double total = 0;
  ForEachMicroBatch([&](const Batch& batch) {
    const double share = static_cast<double>(batch.inputs.numel()) / static_cast<double>(tokens_per_step_);
    total += share * decoder_.Loss(batch.inputs, batch.targets, &tap).item<double>();
  });
  if (is_over) ++progress_.step;
  return total;
}

std::optional<std::string_view> Training::WhyDiverged(const StepScalars& scalars) {
  if (!std::isfinite(scalars.loss)) return diverged_reasons::kTrainLoss;
  if (!std::isfinite(scalars.gradient_norm)) return diverged_reasons::kGradientNorm;
  const double warmup = std::round(config_.Number("schedule.warmup_fraction") * static_cast<double>(steps_));
  const double uniform_guess = std::log(static_cast<double>(config_.Integer("model.vocabulary")));
  const bool high = static_cast<double>(progress_.step) >= warmup && scalars.loss > 2 * uniform_guess;
  if (!high) {
    progress_.high_loss_since = -1;
  } else if (progress_.high_loss_since < 0) {
    progress_.high_loss_since = progress_.step;
  }
  if (!high || progress_.step - progress_.high_loss_since < kHighLossSteps) return std::nullopt;
  return diverged_reasons::kHighLoss;
}

void Training::EmitStepPoints(const StepScalars& scalars, const StatisticsTap& tap) {
  const std::int64_t steps = progress_.step + 1 - measured_step_;
  const double tokens_per_second =
      static_cast<double>(steps * tokens_per_step_) / (progress_.seconds - measured_seconds_);
  measured_step_ = progress_.step + 1;
  measured_seconds_ = progress_.seconds;
  std::vector<MetricPoint> points = {{{"train_loss", std::nullopt, ""}, scalars.loss},
                                     {{"gradient_norm", std::nullopt, ""}, scalars.gradient_norm},
                                     {{"learning_rate", std::nullopt, ""}, scalars.learning_rate},
                                     {{"tokens_per_second", std::nullopt, ""}, tokens_per_second}};
  for (MetricPoint& point : tap.Finish()) points.push_back(std::move(point));
  EmitPoints(std::move(points));
  last_loss_ = scalars.loss;
}

void Training::EmitPoints(std::vector<MetricPoint> points) {
  PointsEvent event{{.step = progress_.step,
                     .tokens = progress_.step * tokens_per_step_,
                     .seconds = progress_.seconds,
                     .points = std::move(points)}};
  for (const PhaseTime& phase : phases_) {
    if (phase.times > 0) event.phases.push_back(phase);
  }
  phases_ = {};
  events_.Emit(event);
}

void Training::CountPhase(TrainerPhase phase, std::int64_t times, double seconds) {
  PhaseTime& time = phases_[static_cast<std::size_t>(phase)];
  time.phase = phase;
  time.times += times;
  time.seconds += seconds;
}

Clock::time_point Training::BeginPhase() {
  const auto start = Clock::now();
  WaitForDevice();
  const auto now = Clock::now();
  const double waited = std::chrono::duration<double>(now - start).count();
  progress_.seconds += waited;
  CountPhase(TrainerPhase::kTrain, 0, waited);
  return now;
}

void Training::WaitForDevice() const {
  if (machine_.device.is_cuda()) torch::cuda::synchronize(machine_.device.index());
}

TrainingOutcome Training::Evaluate() {
  if (dataset_.validation.size == 0) return TrainingOutcome::kCompleted;
  decoder_.ZeroGradients();  // the next step begins with that, and an evaluation needs the memory
  const auto start = BeginPhase();
  const std::optional<double> loss = ValidationLoss(config_, dataset_, machine_.device, decoder_);
  if (!loss) return TrainingOutcome::kStopped;
  CountPhase(TrainerPhase::kEvaluate, 1, SecondsSince(start));
  EmitPoints(LossPoints("eval", *loss));
  return std::isfinite(*loss) ? TrainingOutcome::kCompleted : DivergeMeasured(diverged_reasons::kEvaluation);
}

TrainingOutcome Training::EvaluateQuantised() {
  const std::vector<QuantisedEvaluation> evaluations = QuantisedEvaluations(config_);
  if (dataset_.validation.size == 0 || evaluations.empty()) return TrainingOutcome::kCompleted;
  auto start = BeginPhase();
  QuantisedModel model(decoder_);
  const auto emit_points = [&](std::vector<MetricPoint> points) {
    CountPhase(TrainerPhase::kEvaluate, 1, SecondsSince(start));
    EmitPoints(std::move(points));
  };
  for (const QuantisedEvaluation& asked : evaluations) {
    const bool is_done =
        EmitQuantisedLoss(config_, dataset_, machine_.device, model, asked, progress_.step, emit_points, events_);
    if (!is_done) return TrainingOutcome::kStopped;
    start = BeginPhase();
  }
  return TrainingOutcome::kCompleted;
}

bool Training::IsCheckpointDue() const {
  if (config_.IsAuto("train.checkpoint_every")) return Clock::now() - saved_at_ >= kAutoCheckpointInterval;
  const std::int64_t every = config_.Integer("train.checkpoint_every");
  return every > 0 && (progress_.step + 1) % every == 0;
}

absl::Status Training::SaveCheckpoint() {
  const bool never = !config_.IsAuto("train.checkpoint_every") && config_.Integer("train.checkpoint_every") == 0;
  if (!checkpoints_ || never || progress_.step == saved_step_) return absl::OkStatus();
  if (absl::Status status = tokens_.Check(); !status.ok()) return status;
  const auto start = BeginPhase();
  if (!AllFinite(decoder_.Parameters())) {
    LogWarning(absl::StrCat("step ", progress_.step, ": weights are NaN or Inf; no checkpoint is written of them"));
    return absl::OkStatus();
  }
  const absl::StatusOr<std::filesystem::path> path = checkpoints_->Save(progress_, decoder_, *optimizer_);
  if (!path.ok()) return path.status();
  CountPhase(TrainerPhase::kCheckpoint, 1, SecondsSince(start));
  saved_step_ = progress_.step;
  saved_at_ = Clock::now();
  events_.Emit(CheckpointEvent{progress_.step, path->string()});
  return absl::OkStatus();
}

void Training::LogProgress() {
  if (Clock::now() - logged_at_ < kLogInterval) return;
  logged_at_ = Clock::now();
  LogInfo(absl::StrFormat("step %d of %d, loss %.4f at the last measurement", progress_.step, steps_, last_loss_));
}

}  // namespace ofsweep
