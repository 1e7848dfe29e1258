#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiment/metric_point.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_config.h"
#include "trainer/batches.h"
#include "trainer/dataset.h"
#include "trainer/decoder.h"
#include "trainer/int8_evaluation.h"

namespace ofsweep {

// data.order as the order of training windows.
WindowOrder TrainingOrder(const TrialConfig& config);

// The mean cross entropy in nats over the first evaluate.batches batches of validation windows (each T targets),
// without dropout. Nothing when the process was asked to stop meanwhile. The dataset must have validation windows.
std::optional<double> ValidationLoss(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                     Decoder& decoder);

struct Int8Evaluation {
  double loss = 0;                         // over the same windows as ValidationLoss
  std::vector<QuantizerEvent> quantizers;  // every grid
};

// The same after W8A8 quantisation of a copy of the model, its ranges calibrated on the first training batches of
// evaluate.int8_calibration_batch_size windows. Only the places of `rounded` are quantised, the rest is float32.
std::optional<Int8Evaluation> EvaluateInt8(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                           const Decoder& decoder, std::int64_t step,
                                           const PlaceFilter& rounded = AnyPlace);

// What rounding one place alone does.
struct PlaceLoss {
  std::string place;
  double loss = 0;
  double full_precision_loss = 0;  // with nothing rounded, in float32
};

// EvaluateInt8 for each place alone: weights in parameter order, then activations in the order of the pass. A place's
// own rounding does not change what it sees, so that one calibration in full precision gives the range of each.
// Calls `found` with each as it is found, and with how many there are.
std::optional<std::vector<PlaceLoss>> EvaluateSensitivity(
    const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
    const std::function<void(const PlaceLoss&, std::size_t places)>& found);

// PREFIX_loss and PREFIX_perplexity, for "eval" and "int8"; what of the model was rounded may follow: "_weights".
std::vector<MetricPoint> LossPoints(const char* prefix, double loss, const char* suffix = "");

}  // namespace ofsweep
