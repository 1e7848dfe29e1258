#include "trainer/soap_group.h"

#include <algorithm>
#include <limits>

#include "trainer/orthogonal_columns.h"
#include "trainer/symmetric_product.h"

namespace ofsweep {
namespace {

// to·from·x of [B, n, n], [B, n, n] and [B, n, m], in the cheaper order.
at::Tensor Turn(const at::Tensor& to, const at::Tensor& from, const at::Tensor& x) {
  return x.size(2) < x.size(1) ? at::bmm(to, at::bmm(from, x)) : at::bmm(at::bmm(to, from), x);
}

// Columns of each [n, n] of a symmetric batch, eigenvalues ascending. LAPACK may fail to converge in float32 where many
// eigenvalues are equal; such a matrix is decomposed in float64, as the published optimiser does.
at::Tensor Eigenvectors(const at::Tensor& symmetric) {
  try {
    return std::get<1>(at::linalg_eigh(symmetric));
  } catch (const c10::LinAlgError&) {
    if (symmetric.scalar_type() == at::kDouble) throw;
    if (symmetric.size(0) == 1) return Eigenvectors(symmetric.to(at::kDouble)).to(symmetric.scalar_type());
    std::vector<at::Tensor> each;
    for (const at::Tensor& matrix : symmetric.split(1)) each.push_back(Eigenvectors(matrix));
    return at::cat(each);
  }
}

}  // namespace

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
  AddSymmetricProduct(gram_, axis_ == 1 ? gradients : gradients.transpose(1, 2), beta, 1 - beta);
}

at::Tensor SoapSide::Gram() const {
  CompleteSymmetric(gram_);
  return gram_;
}

void SoapSide::Initialise() {
  if (!Active()) return;
  CompleteSymmetric(gram_);
  // LAPACK refuses NaN and Inf. Such a gradient ends the trial as diverged: a basis of NaN carries it into the loss.
  if (!gram_.isfinite().all().item<bool>()) {
    basis_.fill_(std::numeric_limits<double>::quiet_NaN());
    return;
  }
  const at::Tensor identity = at::eye(gram_.size(1), gram_.options());
  basis_.copy_(Eigenvectors(gram_ + 1e-30 * identity).flip(2));
}

void SoapSide::Refresh(std::int64_t begin, std::int64_t count, const at::Tensor& exp_avg,
                       const at::Tensor& exp_avg_sq) {
  if (!Active()) return;
  const at::Tensor basis = basis_.narrow(0, begin, count);
  const at::Tensor average = exp_avg.narrow(0, begin, count), square = exp_avg_sq.narrow(0, begin, count);
  const at::Tensor gram = gram_.narrow(0, begin, count);
  CompleteSymmetric(gram);
  const at::Tensor power = at::bmm(gram, basis);
  const at::Tensor eigenvalues = (basis * power).sum(1);  // the diagonal of Qᵀ·GG·Q, [count, n]
  const at::Tensor order = eigenvalues.argsort(/*stable=*/true, -1, /*descending=*/true);
  const at::Tensor columns = order.unsqueeze(1).expand_as(power);
  const at::Tensor refreshed = OrthogonalColumns(power.gather(2, columns), basis.gather(2, columns));
  if (axis_ == 1) {
    square.copy_(square.gather(1, order.unsqueeze(2).expand_as(square)));
    average.copy_(Turn(refreshed.transpose(1, 2), basis, average));
  } else {
    square.copy_(square.gather(2, order.unsqueeze(1).expand_as(square)));
    average.copy_(Turn(refreshed.transpose(1, 2), basis, average.transpose(1, 2)).transpose(1, 2));
  }
  basis.copy_(refreshed);
}

SoapGroup::SoapGroup(const SoapOptions& options, const std::vector<NamedTensor>& weights,
                     std::vector<std::size_t> positions, std::vector<std::int64_t> phases)
    : options_(options),
      positions_(std::move(positions)),
      phases_(std::move(phases)),
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

void SoapGroup::Step(const at::Tensor& gradients, double learning_rate, std::int64_t step) {
  if (step > 0) {
    at::Tensor rotated = right_.ToBasis(left_.ToBasis(gradients));
    // Adam's fused pass on zeros leaves −η·m̂/(√v̂ + ε): the update in the eigenbasis.
    const at::Tensor update = at::zeros_like(rotated);
    const AdamOptions adam{options_.beta1, options_.beta2, options_.epsilon, 0, AdamVariant::kHf};
    FusedAdamStep(adam, {update}, {rotated}, {exp_avg_}, {exp_avg_sq_}, learning_rate, step);
    rotated.reset();  // makes room for the products that follow
    Apply(update, 1 - learning_rate * options_.weight_decay);
  }
  for (SoapSide* side : {&left_, &right_}) side->Observe(gradients, options_.shampoo_beta);
  if (step == 0) {
    for (SoapSide* side : {&left_, &right_}) side->Initialise();
    return;
  }
  const auto [first, last] = std::equal_range(phases_.begin(), phases_.end(), step % options_.refresh_every);
  if (first == last) return;
  for (SoapSide* side : {&left_, &right_}) {
    side->Refresh(first - phases_.begin(), last - first, exp_avg_, exp_avg_sq_);
  }
}

void SoapGroup::Apply(const at::Tensor& update, double keep) {
  const at::Tensor half = left_.FromBasis(update);
  // One matrix alone does not fill a GPU.
  if (!right_.Active() || !half.is_cpu()) {
    at::_foreach_add_(weights_, right_.FromBasis(half).unbind(0));
    if (keep != 1) at::_foreach_mul_(weights_, keep);
    return;
  }
  // The last product adds straight into the weights, decay and all: keep·(w + u·Qᵀ).
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
