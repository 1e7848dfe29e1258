#include "trainer/soap.h"

#include <cmath>
#include <map>
#include <utility>

#include "experiment/memory_estimate.h"
#include "trainer/optimizer_state.h"
#include "trainer/refresh_phases.h"

namespace ofsweep {
namespace {

std::vector<std::size_t> VectorPositions(const std::vector<NamedTensor>& parameters) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].tensor.dim() != 2) positions.push_back(i);
  }
  return positions;
}

std::vector<NamedTensor> Pick(const std::vector<NamedTensor>& all, const std::vector<std::size_t>& positions) {
  std::vector<NamedTensor> picked;
  for (const std::size_t position : positions) picked.push_back(all[position]);
  return picked;
}

using Positions = std::vector<std::size_t>;

std::vector<Positions> GroupByShape(const std::vector<NamedTensor>& weights) {
  std::map<std::pair<std::int64_t, std::int64_t>, Positions> shapes;
  std::vector<Positions> groups;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].tensor.dim() != 2) continue;
    auto& members = shapes[{weights[i].tensor.size(0), weights[i].tensor.size(1)}];
    members.push_back(i);
    if (static_cast<std::int64_t>(members.size() + 1) * weights[i].tensor.numel() > kSoapStackElements) {
      groups.push_back(std::exchange(members, {}));
    }
  }
  for (auto& [shape, members] : shapes) {
    if (!members.empty()) groups.push_back(std::move(members));
  }
  return groups;
}

// Floating-point operations of a refresh, up to a factor.
double RefreshCost(const SoapOptions& options, const at::Tensor& weight) {
  double cost = 0;
  for (const std::int64_t size : weight.sizes()) {
    if (size <= options.max_preconditioner_dim) cost += std::pow(static_cast<double>(size), 3);
  }
  return cost;
}

std::vector<SoapGroup> MakeGroups(const SoapOptions& options, const std::vector<NamedTensor>& weights) {
  const std::vector<Positions> groups = GroupByShape(weights);
  std::vector<double> costs;
  for (const Positions& group : groups) {
    for (const std::size_t position : group) costs.push_back(RefreshCost(options, weights[position].tensor));
  }
  const std::vector<std::int64_t> phases = SpreadPhases(costs, options.stagger ? options.refresh_every : 1);
  std::vector<SoapGroup> made;
  auto phase = phases.begin();
  for (const Positions& group : groups) {
    const auto end = phase + static_cast<std::ptrdiff_t>(group.size());
    made.emplace_back(options, weights, group, std::vector(phase, end));
    phase = end;
  }
  return made;
}

}  // namespace

Soap::Soap(const SoapOptions& options, const std::vector<NamedTensor>& parameters)
    : weights_(parameters),
      groups_(MakeGroups(options, weights_.Weights())),
      vectors_(VectorPositions(parameters)),
      vector_moments_({options.beta1, options.beta2, options.epsilon, options.vector_weight_decay, AdamVariant::kHf},
                      Pick(weights_.Weights(), vectors_)) {}

void Soap::Step(double learning_rate) {
  const at::NoGradGuard no_grad;
  for (SoapGroup& group : groups_) {
    const at::Tensor gradients = at::stack(weights_.Gradients(group.Positions()));
    group.Step(gradients, learning_rate, calls_);
  }
  if (calls_ > 0) vector_moments_.Step(weights_.Gradients(vectors_), learning_rate, calls_);
  ++calls_;
  weights_.WriteBack();
}

std::vector<NamedTensor> Soap::State() const {
  std::vector<NamedTensor> state = {StepState(calls_)};
  weights_.AppendState(state);
  for (const SoapGroup& group : groups_) group.AppendState(state);
  vector_moments_.AppendState(state);
  return state;
}

absl::Status Soap::LoadState(const TensorMap& state) {
  const absl::Status status = CopyState(state, State(), calls_);
  if (status.ok()) {
    const at::NoGradGuard no_grad;
    weights_.WriteBack();
  }
  return status;
}

}  // namespace ofsweep
