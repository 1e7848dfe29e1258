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
  // The matrices take turns within refresh_every steps, so that no step pays for all; otherwise all are refreshed
  // together, as the published optimiser does.
  bool stagger = false;
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
  // One step of the orthogonal iteration for `count` matrices from `begin`. Theirs in `exp_avg` are rotated into the
  // new basis; those in `exp_avg_sq` are permuted as the eigenvalues are, never rotated.
  void Refresh(std::int64_t begin, std::int64_t count, const at::Tensor& exp_avg, const at::Tensor& exp_avg_sq);

  at::Tensor Gram() const;
  const at::Tensor& Basis() const { return basis_; }

 private:
  int axis_;
  at::Tensor gram_;   // [B, n, n], undefined where inactive; below the diagonal it may lag behind
  at::Tensor basis_;  // [B, n, n]
};

// The matrices of one shape, stacked, so that a step is a handful of batched products whatever the number of layers.
class SoapGroup {
 public:
  // `positions` of the weights among the optimiser's; all of one shape [r, c]. A matrix is refreshed at the steps that
  // are its phase modulo refresh_every; `phases` ascend.
  SoapGroup(const SoapOptions& options, const std::vector<NamedTensor>& weights, std::vector<std::size_t> positions,
            std::vector<std::int64_t> phases);

  const std::vector<std::size_t>& Positions() const { return positions_; }

  // Call `step` of SOAP, from 0, with the gradients [B, r, c] of the weights at Positions().
  void Step(const at::Tensor& gradients, double learning_rate, std::int64_t step);

  void AppendState(std::vector<NamedTensor>& state) const;

 private:
  // weights ← keep·(weights + the update turned back from the eigenbasis)
  void Apply(const at::Tensor& update, double keep);

  SoapOptions options_;
  std::vector<std::size_t> positions_;
  std::vector<std::int64_t> phases_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> weights_;
  at::Tensor exp_avg_, exp_avg_sq_;  // [B, r, c], in the eigenbasis
  SoapSide left_, right_;
};

}  // namespace ofsweep
