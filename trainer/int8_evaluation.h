#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "experiment/trainer_event.h"
#include "trainer/activation_tap.h"
#include "trainer/decoder.h"
#include "trainer/quantizer.h"

namespace ofsweep {

// Rounds every place of a forward pass to its grid; while calibrating, a place first lets its range follow the tensor,
// so that later ranges are estimated on rounded inputs.
class QuantizingTap : public ActivationTap {
 public:
  void SetCalibrating(bool calibrating) { calibrating_ = calibrating; }

  void OnSite(std::string_view, std::optional<int>, const at::Tensor&) override {}
  bool WantsPlaces() const override { return true; }
  // Throws std::logic_error for a place that no calibration batch has passed.
  at::Tensor OnPlace(const std::string& place, const at::Tensor& x) override;

  // In the order of the first pass.
  const std::vector<std::pair<std::string, RangeEstimator>>& Estimators() const { return estimators_; }

 private:
  RangeEstimator& EstimatorOf(const std::string& place);

  bool calibrating_ = false;
  std::vector<std::pair<std::string, RangeEstimator>> estimators_;
};

// A decoder after static W8A8 quantisation by the protocol of Bondarenko et al. (arXiv 2306.12929), simulated in
// float32 whatever the precision of training: matrices, gains and embeddings rounded to 8 bits, biases not, activations
// with one calibrated range per place of ActivationTap. The logits use the unrounded head.
class Int8Model {
 public:
  // Rounds a copy of the weights; `decoder` itself is left alone.
  explicit Int8Model(const Decoder& decoder);

  // One calibration batch, int64 [B, T].
  void Calibrate(const at::Tensor& inputs);

  // Mean cross entropy with the ranges as they are. Needs at least one calibration batch.
  at::Tensor Loss(const at::Tensor& inputs, const at::Tensor& targets);

  // The grids: weights in parameter order, then activations in the order of the pass.
  std::vector<QuantizerEvent> Quantizers(std::int64_t step) const;

 private:
  Decoder model_;
  std::vector<std::pair<std::string, WeightGrid>> weights_;
  QuantizingTap tap_;
};

}  // namespace ofsweep
