#include "trainer/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "experiment/memory_estimate.h"

namespace ofsweep {
namespace {

constexpr double kTanhCap = 30;

// Rotates the pairs (i, i + w/2) of each head.
at::Tensor Rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const auto halves = x.chunk(2, -1);
  return at::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, -1);
}

}  // namespace

void RotaryTables(std::int64_t context, std::int64_t head_width, at::TensorOptions options, at::Tensor& cos,
                  at::Tensor& sin) {
  const at::Tensor exponent = at::arange(0, head_width, 2, at::kDouble) / static_cast<double>(head_width);
  const at::Tensor angle = at::outer(at::arange(context, at::kDouble), at::pow(10000.0, -exponent));
  cos = angle.cos().to(options);
  sin = angle.sin().to(options);
}

Attention::Attention(ParameterFactory& parameters, const std::string& prefix, const ModelShape& shape, int layer)
    : prefix_(prefix + "attn."),
      layer_(layer),
      heads_(shape.heads),
      head_width_(shape.HeadWidth()),
      tanh_cap_(shape.tanh_cap),
      query_(parameters, prefix_ + "q", shape.width, shape.width, shape.biases != Biases::kNone),
      key_(parameters, prefix_ + "k", shape.width, shape.width, shape.biases != Biases::kNone),
      value_(parameters, prefix_ + "v", shape.width, shape.width, shape.biases == Biases::kAll),
      out_(parameters, prefix_ + "out", shape.width, shape.width, shape.biases == Biases::kAll) {
  if (!shape.qk_norm) return;
  query_norm_ = std::make_unique<Norm>(parameters, prefix_ + "q_norm", NormKind::kRms, head_width_, shape.norm_epsilon);
  key_norm_ = std::make_unique<Norm>(parameters, prefix_ + "k_norm", NormKind::kRms, head_width_, shape.norm_epsilon);
}

at::Tensor Attention::SplitHeads(const at::Tensor& x) const {
  return x.view({x.size(0), x.size(1), heads_, head_width_});
}

std::vector<at::Tensor> Attention::Project(const at::Tensor& x) const {
  // One wide product fills a GPU better than three. On a CPU it is no faster and needs more memory.
  if (!x.is_cuda()) return {query_(x), key_(x), value_(x)};
  const at::Tensor weight = at::cat({query_.weight, key_.weight, value_.weight});
  if (!query_.bias.defined()) return at::linear(x, weight).chunk(3, -1);
  const at::Tensor value_bias = value_.bias.defined() ? value_.bias : at::zeros_like(query_.bias);
  return at::linear(x, weight, at::cat({query_.bias, key_.bias, value_bias})).chunk(3, -1);
}

at::Tensor Attention::operator()(const at::Tensor& x, const ForwardPass& pass) const {
  std::vector<at::Tensor> projected = Project(x);
  const auto take = [&](std::size_t i) { return std::exchange(projected[i], {}); };  // frees what a place replaces
  at::Tensor q = SplitHeads(pass.Place(prefix_, "q.output", take(0)));
  at::Tensor k = SplitHeads(pass.Place(prefix_, "k.output", take(1)));
  const at::Tensor v = SplitHeads(pass.Place(prefix_, "v.output", take(2))).transpose(1, 2);
  if (query_norm_) {
    q = pass.Place(prefix_, "q_norm.output", (*query_norm_)(q));
    k = pass.Place(prefix_, "k_norm.output", (*key_norm_)(k));
  }
  q = q.transpose(1, 2);
  k = k.transpose(1, 2);
  if (pass.rotary_cos.defined()) {
    q = Rotate(q, pass.rotary_cos, pass.rotary_sin);
    k = Rotate(k, pass.rotary_cos, pass.rotary_sin);
  }
  if (pass.sites != nullptr && pass.sites->WantsAttentionMaps()) ShowMaps(q, k, *pass.sites);
  const bool materialise = tanh_cap_ || pass.places != nullptr;
  const at::Tensor context = materialise ? MaterialisedContext(q, k, v, pass)
                                         : at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true);
  const at::Tensor joined = context.transpose(1, 2).reshape(x.sizes());
  return pass.Place(prefix_, "out.output", out_(joined));
}

at::Tensor Attention::MaterialisedContext(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                          const ForwardPass& pass) const {
  const at::Tensor scores = pass.Place(prefix_, "scores", Scores(q, k));
  const at::Tensor probabilities = Probabilities(scores).to(v.scalar_type());
  return pass.Place(prefix_, "context", at::matmul(pass.Place(prefix_, "probabilities", probabilities), v));
}

at::Tensor Attention::Scores(const at::Tensor& q, const at::Tensor& k) const {
  return at::matmul(q * (1 / std::sqrt(static_cast<double>(head_width_))), k.transpose(2, 3));
}

at::Tensor Attention::Probabilities(at::Tensor scores) const {
  const std::int64_t tokens = scores.size(2);
  if (scores.scalar_type() == at::kBFloat16) scores = scores.to(at::kFloat);
  if (tanh_cap_) scores = (scores / kTanhCap).tanh() * kTanhCap;
  const at::Tensor future = at::ones({tokens, tokens}, scores.options().dtype(at::kBool)).triu(1);
  return at::softmax(scores.masked_fill(future, -std::numeric_limits<double>::infinity()), -1);
}

// Like the kernels of scaled dot-product attention, scores are never rounded to bfloat16 here.
void Attention::ShowMaps(const at::Tensor& q, const at::Tensor& k, ActivationTap& tap) const {
  const at::NoGradGuard no_grad;
  const auto wide = [](const at::Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); };
  const std::int64_t sequences = std::max<std::int64_t>(1, kShownMapElements / (heads_ * q.size(2) * q.size(2)));
  for (std::int64_t first = 0; first < q.size(0); first += sequences) {
    const std::int64_t count = std::min(sequences, q.size(0) - first);
    const at::Tensor scores = Scores(wide(q.narrow(0, first, count)), wide(k.narrow(0, first, count)));
    tap.OnAttentionMaps(layer_, Probabilities(scores));
  }
}

}  // namespace ofsweep
