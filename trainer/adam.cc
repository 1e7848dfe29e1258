#include "trainer/adam.h"

#include <cmath>
#include <utility>

#include "trainer/optimizer_state.h"

namespace ofsweep {

void FusedAdamStep(const AdamOptions& options, at::TensorList weights, at::TensorList gradients, at::TensorList exp_avg,
                   at::TensorList exp_avg_sq, double learning_rate, std::int64_t step) {
  if (weights.empty()) return;
  const bool torch_variant = options.variant == AdamVariant::kTorch;
  const double correction = std::sqrt(1 - std::pow(options.beta2, static_cast<double>(step)));
  // √v + ε before the correction is √v̂ + ε/correction after it.
  const double epsilon = torch_variant ? options.epsilon : options.epsilon / correction;
  const double decay_before = torch_variant ? options.weight_decay : 0;
  const at::Tensor count = at::full({}, static_cast<double>(step), weights[0].options().dtype(at::kFloat));
  const std::vector<at::Tensor> counts(weights.size(), count);
  at::_fused_adamw_(weights, gradients, exp_avg, exp_avg_sq, {}, counts, learning_rate, options.beta1, options.beta2,
                    decay_before, epsilon, /*amsgrad=*/false, /*maximize=*/false);
  if (!torch_variant && options.weight_decay != 0) {
    at::_foreach_mul_(weights, 1 - learning_rate * options.weight_decay);
  }
}

AdamMoments::AdamMoments(const AdamOptions& options, std::vector<NamedTensor> weights) : options_(options) {
  for (NamedTensor& weight : weights) {
    names_.push_back(weight.name);
    exp_avg_.push_back(at::zeros_like(weight.tensor));
    exp_avg_sq_.push_back(at::zeros_like(weight.tensor));
    weights_.push_back(std::move(weight.tensor));
  }
}

void AdamMoments::Step(const std::vector<at::Tensor>& gradients, double learning_rate, std::int64_t step) {
  FusedAdamStep(options_, weights_, gradients, exp_avg_, exp_avg_sq_, learning_rate, step);
}

void AdamMoments::AppendState(std::vector<NamedTensor>& state) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    state.push_back({"exp_avg." + names_[i], exp_avg_[i]});
    state.push_back({"exp_avg_sq." + names_[i], exp_avg_sq_[i]});
  }
}

std::vector<Adam::Part> Adam::MakeParts(const AdamOptions& options, const std::vector<NamedTensor>& weights) {
  AdamOptions without_decay = options;
  without_decay.weight_decay = 0;
  std::vector<Part> parts;
  for (const bool matrices : {true, false}) {
    std::vector<std::size_t> positions;
    std::vector<NamedTensor> members;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if ((weights[i].tensor.dim() >= 2) != matrices) continue;
      positions.push_back(i);
      members.push_back(weights[i]);
    }
    parts.push_back({std::move(positions), AdamMoments(matrices ? options : without_decay, std::move(members))});
  }
  return parts;
}

Adam::Adam(const AdamOptions& options, const std::vector<NamedTensor>& parameters)
    : weights_(parameters), parts_(MakeParts(options, weights_.Weights())) {}

void Adam::Step(double learning_rate) {
  const at::NoGradGuard no_grad;
  ++step_;
  for (Part& part : parts_) part.moments.Step(weights_.Gradients(part.positions), learning_rate, step_);
  weights_.WriteBack();
}

std::vector<NamedTensor> Adam::State() const {
  std::vector<NamedTensor> state = {StepState(step_)};
  weights_.AppendState(state);
  for (const Part& part : parts_) part.moments.AppendState(state);
  return state;
}

absl::Status Adam::LoadState(const TensorMap& state) {
  const absl::Status status = CopyState(state, State(), step_);
  if (status.ok()) {
    const at::NoGradGuard no_grad;
    weights_.WriteBack();
  }
  return status;
}

}  // namespace ofsweep
