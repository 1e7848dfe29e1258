#include "trainer/optimizer.h"

#include "trainer/adam.h"
#include "trainer/soap.h"

namespace ofsweep {

std::unique_ptr<Optimizer> MakeOptimizer(const TrialConfig& config, const std::vector<NamedTensor>& parameters) {
  const double beta1 = config.Number("optimizer.beta1");
  const double beta2 = config.Number("optimizer.beta2");
  const double epsilon = config.Number("optimizer.epsilon");
  const double weight_decay = config.Number("optimizer.weight_decay");
  if (config.Text("optimizer.name") == "soap") {
    SoapOptions options{.beta1 = beta1, .beta2 = beta2, .shampoo_beta = beta2, .epsilon = epsilon};
    options.weight_decay = weight_decay;
    options.refresh_every = config.Integer("optimizer.refresh_every");
    options.stagger = config.Boolean("optimizer.stagger");
    options.max_preconditioner_dim = config.Integer("optimizer.max_preconditioner_dim");
    return std::make_unique<Soap>(options, parameters);
  }
  const bool hf = config.Text("optimizer.adam_variant") == "hf";
  return std::make_unique<Adam>(
      AdamOptions{beta1, beta2, epsilon, weight_decay, hf ? AdamVariant::kHf : AdamVariant::kTorch}, parameters);
}

}  // namespace ofsweep
