#include "trainer/activation_checkpointing.h"

#include <utility>

namespace ofsweep {
namespace {

// What the second run of a block needs besides its input.
struct Rerun : torch::CustomClassHolder {
  Rerun(const DecoderBlock& block, const ForwardPass& pass) : block(block), pass(pass) {
    this->pass.sites = nullptr;
    if (pass.dropout != 0) dropout_generator = pass.dropout_generator->clone();
  }

  const DecoderBlock& block;
  ForwardPass pass;
  at::Generator dropout_generator;  // as it was before the first run
};

class CheckpointedBlockFunction : public torch::autograd::Function<CheckpointedBlockFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& h, const DecoderBlock* block,
                            const ForwardPass* pass) {
    context->save_for_backward({h});
    context->saved_data["rerun"] = c10::IValue::make_capsule(c10::make_intrusive<Rerun>(*block, *pass));
    return (*block)(h, *pass);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list output_gradient) {
    const auto rerun = c10::static_intrusive_pointer_cast<Rerun>(context->saved_data["rerun"].toCapsule());
    const at::Tensor h = context->get_saved_variables()[0].detach().requires_grad_(true);
    ForwardPass pass = rerun->pass;
    at::Generator generator;
    if (rerun->dropout_generator.defined()) {
      generator = rerun->dropout_generator.clone();
      pass.dropout_generator = &generator;
    }
    const at::AutoGradMode differentiate(true);
    // Adds the parameters' gradients to them, as the plain block's backward pass does.
    rerun->block(h, pass).backward(output_gradient[0]);
    return {h.grad(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor CheckpointedBlock(const DecoderBlock& block, const at::Tensor& h, const ForwardPass& pass) {
  return CheckpointedBlockFunction::apply(h, &block, &pass);
}

}  // namespace ofsweep
