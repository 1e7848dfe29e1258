#include "trainer/int8_evaluation.h"

#include <algorithm>
#include <stdexcept>

namespace ofsweep {
namespace {

// An untied copy has the unrounded head and the rounded look-up table side by side.
ModelShape UntiedShape(ModelShape shape) {
  shape.tie_embeddings = false;
  shape.init_std = 0;  // all weights are copied
  return shape;
}

bool IsRounded(std::string_view name) {
  return name.ends_with(".weight") && name != "head.weight";
}

at::Device DeviceOf(const Decoder& decoder) {
  return decoder.Parameters().front().tensor.device();
}

}  // namespace

at::Tensor QuantizingTap::OnPlace(const std::string& place, const at::Tensor& x) {
  RangeEstimator& estimator = EstimatorOf(place);
  if (calibrating_) estimator.Observe(x);
  if (!estimator.Observed()) throw std::logic_error("no calibration batch has passed " + place);
  return estimator.Grid().FakeQuantised(x);
}

RangeEstimator& QuantizingTap::EstimatorOf(const std::string& place) {
  const auto found =
      std::find_if(estimators_.begin(), estimators_.end(), [&](const auto& known) { return known.first == place; });
  if (found != estimators_.end()) return found->second;
  return estimators_.emplace_back(place, RangeEstimator()).second;
}

Int8Model::Int8Model(const Decoder& decoder) : model_(UntiedShape(decoder.Shape()), 0, at::kFloat, DeviceOf(decoder)) {
  const at::NoGradGuard no_grad;
  TensorMap trained;
  for (const NamedTensor& parameter : decoder.Parameters()) trained[parameter.name] = parameter.tensor;
  if (decoder.Shape().tie_embeddings) trained["head.weight"] = trained.at("embed.token.weight");
  for (const NamedTensor& parameter : model_.Parameters()) {
    const at::Tensor& weight = trained.at(parameter.name);
    if (IsRounded(parameter.name)) {
      weights_.emplace_back(parameter.name, SearchWeightGrid(weight));
      parameter.tensor.copy_(weights_.back().second.FakeQuantised(weight));
    } else {
      parameter.tensor.copy_(weight);
    }
  }
  model_.SetTraining(false);
}

void Int8Model::Calibrate(const at::Tensor& inputs) {
  const at::NoGradGuard no_grad;
  tap_.SetCalibrating(true);
  model_.Hidden(inputs, &tap_);
  tap_.SetCalibrating(false);
}

at::Tensor Int8Model::Loss(const at::Tensor& inputs, const at::Tensor& targets) {
  const at::NoGradGuard no_grad;
  return model_.Loss(inputs, targets, &tap_);
}

std::vector<QuantizerEvent> Int8Model::Quantizers(std::int64_t step) const {
  std::vector<QuantizerEvent> events;
  for (const auto& [name, grid] : weights_) {
    events.push_back({step,
                      {{"place", name},
                       {"threshold", grid.threshold},
                       {"delta", grid.delta},
                       {"candidate", grid.candidate},
                       {"signed", grid.with_sign}}});
  }
  for (const auto& [place, estimator] : tap_.Estimators()) {
    const ActivationGrid& grid = estimator.Grid();
    events.push_back({step,
                      {{"place", place},
                       {"low", grid.low},
                       {"high", grid.high},
                       {"delta", grid.delta},
                       {"zero_point", grid.zero_point}}});
  }
  return events;
}

}  // namespace ofsweep
