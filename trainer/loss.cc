#include "trainer/loss.h"

#include <algorithm>

#include "experiment/memory_estimate.h"
#include "trainer/cross_entropy_kernel.h"

namespace ofsweep {
namespace {

struct LossAndError {
  at::Tensor sum;    // of the rows' cross entropies
  at::Tensor error;  // its gradient by the logits, in their precision; undefined where it was not asked for
};

// Overwrites `logits` [n, V].
LossAndError SummedCrossEntropy(at::Tensor logits, const at::Tensor& targets, bool differentiate) {
  if (HasCrossEntropyKernel(logits)) {
    const at::Tensor sum = CrossEntropyKernel(logits, targets, differentiate).sum();
    return {sum, logits};
  }
  const at::ScalarType precision = logits.scalar_type();
  const at::Tensor target = targets.unsqueeze(1);
  if (precision == at::kBFloat16) logits = logits.to(at::kFloat);
  const at::Tensor target_logits = logits.gather(1, target);
  const at::Tensor largest = logits.amax(1, true);
  at::softmax_out(logits, logits, 1);
  // The largest logit has probability e^0 / Σ e^(z − largest): its logarithm gives the normaliser without a second
  // pass.
  const at::Tensor normaliser = largest - logits.amax(1, true).log();
  const at::Tensor sum = (normaliser - target_logits).sum();
  if (!differentiate) return {sum, {}};
  logits.scatter_add_(1, target, at::full_like(target, -1, logits.options()));
  return {sum, logits.to(precision)};
}

class LinearCrossEntropyFunction : public torch::autograd::Function<LinearCrossEntropyFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& hidden, const at::Tensor& head,
                            const at::Tensor& targets, bool differentiate) {
    const std::int64_t rows = hidden.size(0);
    const std::int64_t chunk = std::max<std::int64_t>(1, kLogitsChunkElements / head.size(0));
    at::Tensor total;
    at::Tensor hidden_gradient = differentiate ? at::empty_like(hidden) : at::Tensor();
    at::Tensor head_gradient;
    for (std::int64_t begin = 0; begin < rows; begin += chunk) {
      const std::int64_t count = std::min(chunk, rows - begin);
      const at::Tensor x = hidden.narrow(0, begin, count);
      const at::Tensor target = targets.narrow(0, begin, count);
      const auto [sum, error] = SummedCrossEntropy(at::mm(x, head.t()), target, differentiate);
      total = total.defined() ? total + sum : sum;
      if (!differentiate) continue;
      at::Tensor rows_gradient = hidden_gradient.narrow(0, begin, count);
      at::mm_out(rows_gradient, error, head);
      if (head_gradient.defined()) {
        head_gradient.addmm_(error.t(), x);
      } else {
        head_gradient = at::mm(error.t(), x);
      }
    }
    if (differentiate) context->save_for_backward({hidden_gradient, head_gradient});
    return total / rows;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list output_gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor scale = output_gradient[0] / saved[0].size(0);
    return {saved[0] * scale.to(saved[0].scalar_type()), saved[1] * scale.to(saved[1].scalar_type()), at::Tensor(),
            at::Tensor()};
  }
};

}  // namespace

at::Tensor LinearCrossEntropy(const at::Tensor& hidden, const at::Tensor& head, const at::Tensor& targets) {
  // Asked here, for a function's own forward pass always runs without gradients.
  const bool differentiate = at::GradMode::is_enabled() && (hidden.requires_grad() || head.requires_grad());
  return LinearCrossEntropyFunction::apply(hidden, head, targets, differentiate);
}

}  // namespace ofsweep
