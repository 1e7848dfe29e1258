#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "experiment/metric_point.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_config.h"
#include "trainer/batches.h"
#include "trainer/dataset.h"
#include "trainer/decoder.h"

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
// evaluate.int8_calibration_batch_size windows.
std::optional<Int8Evaluation> EvaluateInt8(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                           const Decoder& decoder, std::int64_t step);

// PREFIX_loss and PREFIX_perplexity, for "eval" and "int8".
std::vector<MetricPoint> LossPoints(const char* prefix, double loss);

}  // namespace ofsweep
