#include "trainer/master_weights.h"

#include <stdexcept>

namespace ofsweep {

MasterWeights::MasterWeights(const std::vector<NamedTensor>& parameters) {
  for (const NamedTensor& parameter : parameters) {
    parameters_.push_back(parameter.tensor);
    at::Tensor weight = parameter.tensor.detach();
    if (weight.scalar_type() == at::kBFloat16) {
      weight = weight.to(at::kFloat);
      copies_.push_back(weight);
    }
    weights_.push_back({parameter.name, weight});
  }
  if (HasCopies() && copies_.size() != weights_.size()) {
    throw std::logic_error("the parameters of an optimizer must have one precision");
  }
}

std::vector<at::Tensor> MasterWeights::Gradients(const std::vector<std::size_t>& positions) const {
  std::vector<at::Tensor> gradients;
  gradients.reserve(positions.size());
  for (const std::size_t position : positions) {
    const at::Tensor& gradient = parameters_[position].grad();
    if (!gradient.defined()) throw std::logic_error("no gradient for " + weights_[position].name);
    gradients.push_back(gradient);
  }
  return gradients;
}

void MasterWeights::WriteBack() {
  if (HasCopies()) at::_foreach_copy_(parameters_, copies_);
}

void MasterWeights::AppendState(std::vector<NamedTensor>& state) const {
  if (!HasCopies()) return;
  for (const NamedTensor& weight : weights_) state.push_back({"master." + weight.name, weight.tensor});
}

}  // namespace ofsweep
