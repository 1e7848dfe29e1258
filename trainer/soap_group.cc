#include "trainer/soap_group.h"

#include <limits>

namespace ofsweep {

SoapSide::SoapSide(int axis, std::int64_t batch, std::int64_t size, bool active, at::TensorOptions options)
    : axis_(axis) {
  if (!active) return;
  gram_ = at::zeros({batch, size, size}, options);
  basis_ = at::zeros({batch, size, size}, options);
}

at::Tensor SoapSide::ToBasis(const at::Tensor& x) const {
  if (!Active()) return x;
  return axis_ == 1 ? at::bmm(basis_.transpose(1, 2), x) : at::bmm(x, basis_);
}

at::Tensor SoapSide::FromBasis(const at::Tensor& x) const {
  if (!Active()) return x;
  return axis_ == 1 ? at::bmm(basis_, x) : at::bmm(x, basis_.transpose(1, 2));
}

void SoapSide::Observe(const at::Tensor& gradients, double beta) {
  if (!Active()) return;
  const at::Tensor transposed = gradients.transpose(1, 2);
  if (axis_ == 1) {
    gram_.baddbmm_(gradients, transposed, beta, 1 - beta);
  } else {
    gram_.baddbmm_(transposed, gradients, beta, 1 - beta);
  }
}

void SoapSide::Initialise() {
  if (!Active()) return;
  // LAPACK refuses NaN and Inf. Such a gradient ends the trial as diverged: a basis of NaN carries it into the loss.
  if (!gram_.isfinite().all().item<bool>()) {
    basis_.fill_(std::numeric_limits<double>::quiet_NaN());
    return;
  }
  const at::Tensor identity = at::eye(gram_.size(1), gram_.options());
  const auto [eigenvalues, eigenvectors] = at::linalg_eigh(gram_ + 1e-30 * identity);
  basis_.copy_(eigenvectors.flip(2));
}

void SoapSide::Refresh(at::Tensor& exp_avg, at::Tensor& exp_avg_sq) {
  if (!Active()) return;
  const at::Tensor power = at::bmm(gram_, basis_);
  const at::Tensor eigenvalues = (basis_ * power).sum(1);  // the diagonal of Qᵀ·GG·Q, [B, n]
  const at::Tensor order = eigenvalues.argsort(/*stable=*/true, -1, /*descending=*/true);
  const at::Tensor columns = order.unsqueeze(1).expand_as(power);
  const at::Tensor refreshed = std::get<0>(at::linalg_qr(power.gather(2, columns)));
  if (axis_ == 1) {
    exp_avg_sq = exp_avg_sq.gather(1, order.unsqueeze(2).expand_as(exp_avg_sq));
    exp_avg = at::bmm(at::bmm(refreshed.transpose(1, 2), basis_), exp_avg);
  } else {
    exp_avg_sq = exp_avg_sq.gather(2, order.unsqueeze(1).expand_as(exp_avg_sq));
    exp_avg = at::bmm(exp_avg, at::bmm(basis_.transpose(1, 2), refreshed));
  }
  basis_.copy_(refreshed);
}

SoapGroup::SoapGroup(const SoapOptions& options, const std::vector<NamedTensor>& weights,
                     std::vector<std::size_t> positions)
    : options_(options),
      positions_(std::move(positions)),
      left_(1, static_cast<std::int64_t>(positions_.size()), weights[positions_[0]].tensor.size(0),
            weights[positions_[0]].tensor.size(0) <= options.max_preconditioner_dim,
            weights[positions_[0]].tensor.options()),
      right_(2, static_cast<std::int64_t>(positions_.size()), weights[positions_[0]].tensor.size(1),
             weights[positions_[0]].tensor.size(1) <= options.max_preconditioner_dim,
             weights[positions_[0]].tensor.options()) {
  for (const std::size_t position : positions_) {
    names_.push_back(weights[position].name);
    weights_.push_back(weights[position].tensor);
  }
  exp_avg_ = at::zeros({static_cast<std::int64_t>(positions_.size()), weights_[0].size(0), weights_[0].size(1)},
                       weights_[0].options());
  exp_avg_sq_ = at::zeros_like(exp_avg_);
}

void SoapGroup::Step(const std::vector<at::Tensor>& gradients, double learning_rate, std::int64_t step) {
  std::vector<at::Tensor> own;
  for (const std::size_t position : positions_) own.push_back(gradients[position]);
  const at::Tensor stacked = at::stack(own);
  if (step > 0) {
    const at::Tensor rotated = right_.ToBasis(left_.ToBasis(stacked));
    // Adam's fused pass on zeros leaves −η·m̂/(√v̂ + ε): the update in the eigenbasis.
    const at::Tensor update = at::zeros_like(rotated);
    const AdamOptions adam{options_.beta1, options_.beta2, options_.epsilon, 0, AdamVariant::kHf};
    FusedAdamStep(adam, {update}, {rotated}, {exp_avg_}, {exp_avg_sq_}, learning_rate, step);
    Apply(update, 1 - learning_rate * options_.weight_decay);
  }
  for (SoapSide* side : {&left_, &right_}) side->Observe(stacked, options_.shampoo_beta);
  for (SoapSide* side : {&left_, &right_}) {
    if (step == 0) {
      side->Initialise();
    } else if (step % options_.refresh_every == 0) {
      side->Refresh(exp_avg_, exp_avg_sq_);
    }
  }
}

void SoapGroup::Apply(const at::Tensor& update, double keep) {
  if (!right_.Active()) {
    at::_foreach_add_(weights_, left_.FromBasis(update).unbind(0));
    if (keep != 1) at::_foreach_mul_(weights_, keep);
    return;
  }
  // The last product adds straight into the weights, decay and all: keep·(w + u·Qᵀ).
  const at::Tensor half = left_.FromBasis(update);
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    weights_[i].addmm_(half[index], right_.Basis()[index].t(), keep, keep);
  }
}

void SoapGroup::AppendState(std::vector<NamedTensor>& state) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    state.push_back({"exp_avg." + names_[i], exp_avg_[index]});
    state.push_back({"exp_avg_sq." + names_[i], exp_avg_sq_[index]});
    for (const SoapSide* side : {&left_, &right_}) {
      if (!side->Active()) continue;
      const std::string suffix = (side == &left_ ? "_left." : "_right.") + names_[i];
      state.push_back({"gram" + suffix, side->Gram()[index]});
      state.push_back({"basis" + suffix, side->Basis()[index]});
    }
  }
}

}  // namespace ofsweep
