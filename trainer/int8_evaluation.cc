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

at::Device DeviceOf(const Decoder& decoder) {
  return decoder.Parameters().front().tensor.device();
}

}  // namespace

bool IsWeightPlace(std::string_view place) {
  return place.ends_with(".weight") && place != "head.weight";
}

void QuantizingTap::Choose(const PlaceFilter& rounds) {
  rounds_ = rounds;
  for (Place& place : places_) place.rounded = rounds(place.name);
}

bool QuantizingTap::WantsPlaces() const {
  return calibrating_ || places_.empty() ||
         std::any_of(places_.begin(), places_.end(), [](const Place& place) { return place.rounded; });
}

at::Tensor QuantizingTap::OnPlace(const std::string& name, const at::Tensor& x) {
  Place& place = Find(name);
  if (calibrating_) place.estimator.Observe(x);
  if (!place.rounded) return x;
  if (!place.estimator.Observed()) throw std::logic_error("no calibration batch has passed " + name);
  return place.estimator.Grid().FakeQuantised(x);
}

QuantizingTap::Place& QuantizingTap::Find(const std::string& name) {
  const auto found =
      std::find_if(places_.begin(), places_.end(), [&](const Place& place) { return place.name == name; });
  if (found != places_.end()) return *found;
  return places_.emplace_back(Place{name, RangeEstimator(), rounds_(name)});
}

Int8Model::Int8Model(const Decoder& decoder) : model_(UntiedShape(decoder.Shape()), 0, at::kFloat, DeviceOf(decoder)) {
  const at::NoGradGuard no_grad;
  TensorMap trained;
  for (const NamedTensor& parameter : decoder.Parameters()) trained[parameter.name] = parameter.tensor.detach();
  if (decoder.Shape().tie_embeddings) trained["head.weight"] = trained.at("embed.token.weight");
  for (const NamedTensor& parameter : model_.Parameters()) {
    const at::Tensor& weight = trained.at(parameter.name);
    if (IsWeightPlace(parameter.name)) {
      weights_.push_back({parameter.name, weight, parameter.tensor, SearchWeightGrid(weight)});
    } else {
      at::Tensor(parameter.tensor).copy_(weight);
    }
  }
  Round(AnyPlace);
  model_.SetTraining(false);
}

void Int8Model::Round(const PlaceFilter& chosen) {
  const at::NoGradGuard no_grad;
  for (Weight& weight : weights_) {
    weight.copy.copy_(chosen(weight.name) ? weight.grid.FakeQuantised(weight.trained) : weight.trained);
  }
  tap_.Choose(chosen);
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

std::vector<std::string> Int8Model::Places() const {
  std::vector<std::string> names;
  for (const Weight& weight : weights_) names.push_back(weight.name);
  for (const QuantizingTap::Place& place : tap_.Places()) names.push_back(place.name);
  return names;
}

std::vector<QuantizerEvent> Int8Model::Quantizers(std::int64_t step) const {
  std::vector<QuantizerEvent> events;
  for (const Weight& weight : weights_) {
    events.push_back({step,
                      {{"place", weight.name},
                       {"threshold", weight.grid.threshold},
                       {"delta", weight.grid.delta},
                       {"candidate", weight.grid.candidate},
                       {"signed", weight.grid.with_sign}}});
  }
  for (const QuantizingTap::Place& place : tap_.Places()) {
    const ActivationGrid& grid = place.estimator.Grid();
    events.push_back({step,
                      {{"place", place.name},
                       {"low", grid.low},
                       {"high", grid.high},
                       {"delta", grid.delta},
                       {"zero_point", grid.zero_point}}});
  }
  return events;
}

}  // namespace ofsweep
