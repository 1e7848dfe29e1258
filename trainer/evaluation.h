#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiment/metric_point.h"
#include "experiment/quantisation_bits.h"
#include "experiment/trial_config.h"
#include "trainer/batches.h"
#include "trainer/dataset.h"
#include "trainer/decoder.h"
#include "trainer/quantised_model.h"

namespace ofsweep {

// data.order as the order of training windows.
WindowOrder TrainingOrder(const TrialConfig& config);

// The mean cross entropy in nats over the first validation windows (each T targets), as many as evaluate.batches says,
// without dropout. Nothing when the process was asked to stop meanwhile. The dataset must have validation windows.
std::optional<double> ValidationLoss(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                     Decoder& decoder);

// The same of `model` rounded to these bits, its ranges calibrated on the first evaluate.int8_calibration_batches
// training batches of evaluate.int8_calibration_batch_size windows. Only the places of `rounded` are quantised, the
// rest is float32. `model` keeps its grids.
std::optional<double> QuantisedLoss(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                    QuantisedModel& model, QuantisationBits bits,
                                    const PlaceFilter& rounded = AnyPlace);

// What rounding one place alone does.
struct PlaceLoss {
  std::string place;
  double loss = 0;
  double full_precision_loss = 0;  // with nothing rounded, in float32
};

struct Sensitivity {
  double full_precision_loss = 0;
  std::vector<PlaceLoss> places;  // none where the bits round nothing
};

// QuantisedLoss for each place alone: weights in parameter order, then activations in the order of the pass. A place's
// own rounding does not change what it sees, so that one calibration in full precision gives the range of each.
// Calls `found` with each as it is found, and with how many there are.
std::optional<Sensitivity> EvaluateSensitivity(const TrialConfig& config, const Dataset& dataset, at::Device device,
                                               QuantisedModel& model, QuantisationBits bits,
                                               const std::function<void(const PlaceLoss&, std::size_t places)>& found);

}  // namespace ofsweep
