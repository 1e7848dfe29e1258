#include "trainer/adam.h"

#include <cmath>

#include "trainer/optimizer_state.h"

namespace ofsweep {
namespace {

std::vector<std::size_t> PositionsOf(const std::vector<NamedTensor>& parameters, bool matrices) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if ((parameters[i].tensor.dim() >= 2) == matrices) positions.push_back(i);
  }
  return positions;
}

template <class T>
std::vector<T> Pick(const std::vector<T>& all, const std::vector<std::size_t>& positions) {
  std::vector<T> picked;
  for (const std::size_t position : positions) picked.push_back(all[position]);
  return picked;
}

AdamOptions WithoutDecay(AdamOptions options) {
  options.weight_decay = 0;
  return options;
}

}  // namespace

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

Adam::Adam(const AdamOptions& options, const std::vector<NamedTensor>& parameters)
    : weights_(parameters),
      decayed_(PositionsOf(parameters, true)),
      plain_(PositionsOf(parameters, false)),
      decayed_moments_(options, Pick(weights_.Weights(), decayed_)),
      plain_moments_(WithoutDecay(options), Pick(weights_.Weights(), plain_)) {}

void Adam::Step(double learning_rate) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> gradients = weights_.Gradients();
  ++step_;
  decayed_moments_.Step(Pick(gradients, decayed_), learning_rate, step_);
  plain_moments_.Step(Pick(gradients, plain_), learning_rate, step_);
  weights_.WriteBack();
}

std::vector<NamedTensor> Adam::State() const {
  std::vector<NamedTensor> state = {StepState(step_)};
  weights_.AppendState(state);
  decayed_moments_.AppendState(state);
  plain_moments_.AppendState(state);
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
