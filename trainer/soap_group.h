#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainer/adam.h"
#include "trainer/named_tensor.h"

namespace ofsweep {

struct SoapOptions {
  double beta1 = 0.95;
  double beta2 = 0.95;
  double shampoo_beta = 0.95;  // decay of the Gram matrices
  double epsilon = 1e-8;       // not scaled by the bias correction
  double weight_decay = 0.01;  // decoupled, of matrices, after the update
  double vector_weight_decay = 0;
  std::int64_t refresh_every = 10;
  std::int64_t max_preconditioner_dim = 10000;  // a larger dimension keeps that side as the identity
};

// One side of a batch of B matrices: the moving Gram matrix of that dimension and its approximate eigenbasis.
class SoapSide {
 public:
  // `axis` 1 is the rows (left), 2 the columns (right). A side whose dimension is too large is inactive: the identity.
  SoapSide(int axis, std::int64_t batch, std::int64_t size, bool active, at::TensorOptions options);

  bool Active() const { return gram_.defined(); }

  at::Tensor ToBasis(const at::Tensor& x) const;  // x [B, r, c] along this side's axis
  at::Tensor FromBasis(const at::Tensor& x) const;
  void Observe(const at::Tensor& gradients, double beta);

  // The first basis: all eigenvectors, eigenvalues descending.
  void Initialise();
  // One step of the orthogonal iteration. `exp_avg` is rotated into the new basis; `exp_avg_sq` is permuted as the
  // eigenvalues are, never rotated.
  void Refresh(at::Tensor& exp_avg, at::Tensor& exp_avg_sq);

  const at::Tensor& Gram() const { return gram_; }
  const at::Tensor& Basis() const { return basis_; }

 private:
  int axis_;
  at::Tensor gram_, basis_;  // [B, n, n], undefined where inactive
};

// The matrices of one shape, stacked, so that a step is a handful of batched products whatever the number of layers.
class SoapGroup {
 public:
  // `positions` of the weights among the optimiser's; all of one shape [r, c].
  SoapGroup(const SoapOptions& options, const std::vector<NamedTensor>& weights, std::vector<std::size_t> positions);

  // Call `step` of SOAP, from 0. `gradients` are those of all weights of the optimiser.
  void Step(const std::vector<at::Tensor>& gradients, double learning_rate, std::int64_t step);

  void AppendState(std::vector<NamedTensor>& state) const;

 private:
  // weights ← keep·(weights + the update turned back from the eigenbasis)
  void Apply(const at::Tensor& update, double keep);

  SoapOptions options_;
  std::vector<std::size_t> positions_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> weights_;
  at::Tensor exp_avg_, exp_avg_sq_;  // [B, r, c], in the eigenbasis
  SoapSide left_, right_;
};

}  // namespace ofsweep
