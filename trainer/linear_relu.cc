#include "trainer/linear_relu.h"

namespace ofsweep {
namespace {

class LinearReluFunction : public torch::autograd::Function<LinearReluFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const at::Tensor rows = x.flatten(0, -2);
    const at::Tensor output = at::_addmm_activation(bias, rows, weight.t(), 1, 1, /*use_gelu=*/false);
    context->save_for_backward({rows, weight, output});
    return output.view({x.size(0), x.size(1), weight.size(0)});
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list output_gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &rows = saved[0], &weight = saved[1], &output = saved[2];
    const at::Tensor gradient = at::threshold_backward(output_gradient[0].flatten(0, -2), output, 0);
    const at::Tensor bias_gradient = context->needs_input_grad(2) ? gradient.sum(0) : at::Tensor();
    const auto& shape = output_gradient[0].sizes();
    return {at::mm(gradient, weight).view({shape[0], shape[1], weight.size(1)}), at::mm(gradient.t(), rows),
            bias_gradient};
  }
};

}  // namespace

at::Tensor LinearRelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  // Elsewhere the product's own output is not used again, so that ReLU may overwrite it.
  if (!x.is_cuda()) return at::linear(x, weight, bias).relu_();
  return LinearReluFunction::apply(x, weight, bias.defined() ? bias : at::zeros({weight.size(0)}, weight.options()));
}

}  // namespace ofsweep
