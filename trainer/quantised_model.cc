#include "trainer/quantised_model.h"

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
  if (bits_ == QuantisationBits::kUnrounded) return false;
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
  return places_.emplace_back(Place{name, RangeEstimator(bits_), rounds_(name)});
}

QuantisedModel::QuantisedModel(const Decoder& decoder)
    : model_(UntiedShape(decoder.Shape()), 0, at::kFloat, DeviceOf(decoder)) {
  const at::NoGradGuard no_grad;
  TensorMap trained;
  for (const NamedTensor& parameter : decoder.Parameters()) trained[parameter.name] = parameter.tensor.detach();
  if (decoder.Shape().tie_embeddings) trained["head.weight"] = trained.at("embed.token.weight");
  for (const NamedTensor& parameter : model_.Parameters()) {
    const at::Tensor& weight = trained.at(parameter.name);
    if (IsWeightPlace(parameter.name)) {
      weights_.push_back({.name = parameter.name, .trained = weight, .copy = parameter.tensor, .grid = {}});
    }
    at::Tensor(parameter.tensor).copy_(weight);
  }
  model_.SetTraining(false);
}

void QuantisedModel::SetBits(QuantisationBits bits, const PlaceFilter& chosen) {
  const bool searches = bits.weights != bits_.weights && bits.weights != QuantisationBits::kUnrounded;
  bits_ = bits;
  tap_ = QuantizingTap(bits.activations);
  if (searches) {
    for (Weight& weight : weights_) weight.grid = SearchWeightGrid(weight.trained, bits.weights);
  }
  Round(chosen);
}

void QuantisedModel::Round(const PlaceFilter& chosen) {
  const at::NoGradGuard no_grad;
  for (Weight& weight : weights_) {
    const bool rounded = RoundsWeights() && chosen(weight.name);
    weight.copy.copy_(rounded ? weight.grid.FakeQuantised(weight.trained) : weight.trained);
  }
  tap_.Choose(chosen);
}

void QuantisedModel::Calibrate(const at::Tensor& inputs) {
  if (bits_.activations == QuantisationBits::kUnrounded) return;
  const at::NoGradGuard no_grad;
  tap_.SetCalibrating(true);
  model_.Hidden(inputs, &tap_);
  tap_.SetCalibrating(false);
}

at::Tensor QuantisedModel::Loss(const at::Tensor& inputs, const at::Tensor& targets) {
  const at::NoGradGuard no_grad;
  return model_.Loss(inputs, targets, &tap_);
}

std::vector<std::string> QuantisedModel::Places() const {
  std::vector<std::string> names;
  if (RoundsWeights()) {
    for (const Weight& weight : weights_) names.push_back(weight.name);
  }
  for (const QuantizingTap::Place& place : tap_.Places()) names.push_back(place.name);
  return names;
}

std::vector<QuantizerEvent> QuantisedModel::Quantizers(std::int64_t step) const {
  std::vector<QuantizerEvent> events;
  const auto add = [&](const std::string& place, const nlohmann::ordered_json& grid) {
    nlohmann::ordered_json fields = {{"bits", Name(bits_)}, {"place", place}};
    fields.update(grid);
    events.push_back({step, std::move(fields)});
  };
  if (RoundsWeights()) {
    for (const auto& [name, trained, copy, grid] : weights_) {
      add(name, {{"threshold", grid.threshold},
                 {"delta", grid.delta},
                 {"candidate", grid.candidate},
                 {"signed", grid.with_sign}});
    }
  }
  for (const QuantizingTap::Place& place : tap_.Places()) {
    const ActivationGrid& grid = place.estimator.Grid();
    add(place.name, {{"low", grid.low}, {"high", grid.high}, {"delta", grid.delta}, {"zero_point", grid.zero_point}});
  }
  return events;
}

}  // namespace ofsweep
