#pragma once

#include <memory>
#include <string>
#include <vector>

#include "trainer/master_weights.h"
#include "trainer/optimizer.h"

namespace ofsweep {

// kTorch: decay before the update, ε added after the bias correction. kHf (Hugging Face's AdamW, and SOAP): ε added to
// √v before the bias correction, decay after the update.
enum class AdamVariant { kTorch, kHf };

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;  // decoupled
  AdamVariant variant = AdamVariant::kTorch;
};

// First and second moments of some weights and Adam's update of them.
class AdamMoments {
 public:
  AdamMoments(const AdamOptions& options, std::vector<NamedTensor> weights);

  // Update `step` (from 1). One gradient for each weight, of its dtype.
  void Step(const std::vector<at::Tensor>& gradients, double learning_rate, std::int64_t step);

  void AppendState(std::vector<NamedTensor>& state) const;

 private:
  AdamOptions options_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> weights_, exp_avg_, exp_avg_sq_;
};

// weights −= η·m̂/(√v̂ + ε) with the moments updated from the gradients first, all in one pass over memory.
void FusedAdamStep(const AdamOptions& options, at::TensorList weights, at::TensorList gradients, at::TensorList exp_avg,
                   at::TensorList exp_avg_sq, double learning_rate, std::int64_t step);

// Adam with decoupled weight decay (arXiv 1711.05101) on the weights of two or more dimensions.
class Adam : public Optimizer {
 public:
  Adam(const AdamOptions& options, const std::vector<NamedTensor>& parameters);

  void Step(double learning_rate) override;
  std::vector<NamedTensor> State() const override;
  absl::Status LoadState(const TensorMap& state) override;

 private:
  // Parameters that are updated together: all decay or none.
  struct Part {
    std::vector<std::size_t> positions;  // among the parameters
    AdamMoments moments;
  };

  static std::vector<Part> MakeParts(const AdamOptions& options, const std::vector<NamedTensor>& weights);

  MasterWeights weights_;
  std::vector<Part> parts_;
  std::int64_t step_ = 0;
};

}  // namespace ofsweep
