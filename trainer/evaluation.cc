#include "trainer/evaluation.h"

#include <algorithm>
#include <functional>

#include "experiment/memory_estimate.h"
#include "trainer/termination.h"

namespace ofsweep {
namespace {

// Of validation that `evaluate.batches: auto` reads: enough for a loss to some 1e-3 nats, and cheap beside a training.
constexpr std::int64_t kMostEvaluatedTokens = std::int64_t{1} << 20;

// With `auto` the tokens do not depend on the batch or the context: trials that differ in these are compared on the
// same.
std::int64_t EvaluatedWindows(const TrialConfig& config, std::int64_t windows) {
  if (config.IsAuto("evaluate.batches")) {
    return std::min(windows, std::max<std::int64_t>(1, kMostEvaluatedTokens / config.Integer("model.context")));
  }
  return std::min(windows, config.Integer("evaluate.batches") * config.Integer("train.batch_size"));
}

using LossOf = std::function<at::Tensor(const at::Tensor& inputs, const at::Tensor& targets)>;

std::optional<double> MeanOverWindows(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                      std::int64_t rows_at_once, const LossOf& loss_of) {
  const at::NoGradGuard no_gradients;
  const std::int64_t batch_size = config.Integer("train.batch_size");
  const Batches batches(dataset.validation, config.Integer("model.context"), batch_size, WindowOrder::kSequential, 0);
  const std::int64_t windows = EvaluatedWindows(config, batches.Windows());
  double sum = 0;
  for (std::int64_t first = 0; first < windows; first += rows_at_once) {
    if (TerminationRequested()) return std::nullopt;
    const std::int64_t rows = std::min(rows_at_once, windows - first);
    const Batch batch = batches.Rows(0, first, rows);
    sum += loss_of(batch.inputs.to(device), batch.targets.to(device)).item<double>() * static_cast<double>(rows);
  }
  return sum / static_cast<double>(windows);
}

std::optional<double> MeanOverWindows(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                      QuantisedModel& model) {
  const std::int64_t rows = EvaluatedAtOnce(config, config.Integer("train.micro_batch_size"));
  return MeanOverWindows(config, dataset, device, rows, [&model](const at::Tensor& inputs, const at::Tensor& targets) {
    return model.Loss(inputs, targets);
  });
}

// False when the process was asked to stop meanwhile.
bool Calibrate(const TrialConfig& config, const Dataset& dataset, at::Device device, QuantisedModel& model) {
  const Batches batches(dataset.train, config.Integer("model.context"),
                        config.Integer("evaluate.int8_calibration_batch_size"), TrainingOrder(config),
                        static_cast<std::uint64_t>(config.Integer("seed")));
  for (std::int64_t batch = 0; batch < config.Integer("evaluate.int8_calibration_batches"); ++batch) {
    if (TerminationRequested()) return false;
    model.Calibrate(batches.At(batch).inputs.to(device));
  }
  return true;
}

}  // namespace

WindowOrder TrainingOrder(const TrialConfig& config) {
  return config.Text("data.order") == "sequential" ? WindowOrder::kSequential : WindowOrder::kShuffled;
}

std::optional<double> ValidationLoss(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                     Decoder& decoder) {
  decoder.SetTraining(false);
  const std::optional<double> loss = MeanOverWindows(
      config, dataset, device, config.Integer("train.micro_batch_size"),
      [&decoder](const at::Tensor& inputs, const at::Tensor& targets) { return decoder.Loss(inputs, targets); });
  decoder.SetTraining(true);
  return loss;
}

std::optional<double> QuantisedLoss(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                    QuantisedModel& model, QuantisationBits bits, const PlaceFilter& rounded) {
  model.SetBits(bits, rounded);
  if (!Calibrate(config, dataset, device, model)) return std::nullopt;
  return MeanOverWindows(config, dataset, device, model);
}

std::optional<Sensitivity> EvaluateSensitivity(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                               QuantisedModel& model, QuantisationBits bits,
                                               const std::function<void(const PlaceLoss&, std::size_t places)>& found) {
  const std::optional<double> full_precision =
      QuantisedLoss(config, dataset, device, model, bits, [](std::string_view) { return false; });
  if (!full_precision) return std::nullopt;
  Sensitivity sensitivity{.full_precision_loss = *full_precision, .places = {}};
  const std::vector<std::string> places = model.Places();
  for (const std::string& place : places) {
    model.Round([&place](std::string_view name) { return name == place; });
    const std::optional<double> loss = MeanOverWindows(config, dataset, device, model);
    if (!loss) return std::nullopt;
    sensitivity.places.push_back({place, *loss, *full_precision});
    found(sensitivity.places.back(), places.size());
  }
  return sensitivity;
}

}  // namespace ofsweep
