#include "trainer/decoder.h"

#include <stdexcept>

#include "trainer/activation_checkpointing.h"
#include "trainer/attention.h"
#include "trainer/decoder_block.h"
#include "trainer/forward_pass.h"
#include "trainer/loss.h"
#include "trainer/norm.h"
#include "trainer/parameter_factory.h"

namespace ofsweep {
namespace {

at::Generator NewGenerator(at::Device device, std::uint64_t seed) {
  at::Generator generator =
      device.is_cpu() ? at::make_generator<at::CPUGeneratorImpl>(seed)
                      : at::globalContext().getAcceleratorHooksInterface(device.type()).getNewGenerator(device.index());
  generator.set_current_seed(seed);
  return generator;
}

std::unique_ptr<Norm> MaybeNorm(ParameterFactory& parameters, const std::string& name, NormKind kind,
                                const ModelShape& shape) {
  if (kind == NormKind::kNone) return nullptr;
  return std::make_unique<Norm>(parameters, name, kind, shape.width, shape.norm_epsilon);
}

}  // namespace

Decoder::Decoder(const ModelShape& shape, std::uint64_t seed, at::ScalarType dtype, at::Device device)
    : shape_(shape), dropout_generator_(NewGenerator(device, seed)) {
  if (shape.heads < 1 || shape.width % shape.heads != 0) {
    throw std::invalid_argument("model.heads must divide model.width");
  }
  if (shape.positions == Positions::kRotary && shape.HeadWidth() % 2 != 0) {
    throw std::invalid_argument("model.positions: rotary needs an even head width (model.width / model.heads)");
  }
  ParameterFactory parameters(seed, shape.init_std, dtype, device, parameters_);
  token_embedding_ = parameters.Normal("embed.token.weight", {shape.vocabulary, shape.width});
  if (shape.positions == Positions::kLearned) {
    position_embedding_ = parameters.Normal("embed.position.weight", {shape.context, shape.width});
  }
  embedding_norm_ = MaybeNorm(parameters, "embed.norm", shape.embedding_norm, shape);
  for (int layer = 0; layer < shape.layers; ++layer) {
    blocks_.push_back(std::make_unique<DecoderBlock>(parameters, shape, layer));
  }
  final_norm_ = MaybeNorm(parameters, "final_norm", shape.final_norm, shape);
  head_ = shape.tie_embeddings ? token_embedding_ : parameters.Normal("head.weight", {shape.vocabulary, shape.width});
  if (shape.positions == Positions::kRotary) {
    RotaryTables(shape.context, shape.HeadWidth(), token_embedding_.options(), rotary_cos_, rotary_sin_);
  }
}

Decoder::~Decoder() = default;

std::int64_t Decoder::ParameterCount() const {
  std::int64_t count = 0;
  for (const NamedTensor& parameter : parameters_) count += parameter.tensor.numel();
  return count;
}

void Decoder::ZeroGradients() {
  for (NamedTensor& parameter : parameters_) parameter.tensor.mutable_grad() = at::Tensor();
}

at::Tensor Decoder::Loss(const at::Tensor& inputs, const at::Tensor& targets, ActivationTap* tap) {
  return LinearCrossEntropy(Hidden(inputs, tap).view({-1, shape_.width}), head_, targets.reshape({-1}));
}

at::Tensor Decoder::Logits(const at::Tensor& inputs, ActivationTap* tap) {
  return at::linear(Hidden(inputs, tap), head_);
}

at::Tensor Decoder::Hidden(const at::Tensor& inputs, ActivationTap* tap) {
  const std::int64_t tokens = inputs.size(1);
  ForwardPass pass;
  pass.sites = tap;
  pass.places = tap != nullptr && tap->WantsPlaces() ? tap : nullptr;
  pass.dropout = training_ ? shape_.dropout : 0;
  pass.dropout_generator = &dropout_generator_;
  if (rotary_cos_.defined()) {
    pass.rotary_cos = rotary_cos_.narrow(0, 0, tokens);
    pass.rotary_sin = rotary_sin_.narrow(0, 0, tokens);
  }

  at::Tensor h = at::embedding(token_embedding_, inputs);
  if (position_embedding_.defined()) h = h + position_embedding_.narrow(0, 0, tokens);
  h = pass.Place("embed.", "sum", h);
  if (embedding_norm_) h = pass.Place("embed.", "norm.output", (*embedding_norm_)(h));
  h = pass.Dropout(h);
  if (tap != nullptr) tap->OnSite("embedding", std::nullopt, h);
  const bool checkpoint = activation_checkpointing_ && h.requires_grad() && pass.places == nullptr;
  for (const auto& block : blocks_) h = checkpoint ? CheckpointedBlock(*block, h, pass) : (*block)(h, pass);
  if (!final_norm_) return h;
  h = pass.Place("final_norm.", "output", (*final_norm_)(h));
  if (tap != nullptr) tap->OnSite("final_norm", std::nullopt, h);
  return h;
}

}  // namespace ofsweep
