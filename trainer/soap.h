#pragma once

#include <cstdint>
#include <vector>

#include "trainer/adam.h"
#include "trainer/master_weights.h"
#include "trainer/optimizer.h"
#include "trainer/soap_group.h"

namespace ofsweep {

// SOAP (Vyas et al., arXiv 2409.11321): Adam in the slowly refreshed eigenbasis of Shampoo's preconditioners.
// The first call only learns the bases and changes no parameter. Matrices of one shape are updated as one batch;
// parameters of one dimension get plain Adam.
class Soap : public Optimizer {
 public:
  Soap(const SoapOptions& options, const std::vector<NamedTensor>& parameters);

  void Step(double learning_rate) override;
  std::vector<NamedTensor> State() const override;
  absl::Status LoadState(const TensorMap& state) override;

 private:
  MasterWeights weights_;
  std::vector<SoapGroup> groups_;
  std::vector<std::size_t> vectors_;  // positions among the parameters
  AdamMoments vector_moments_;
  std::int64_t calls_ = 0;
};

}  // namespace ofsweep
