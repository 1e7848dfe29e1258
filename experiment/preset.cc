#include "experiment/preset.h"

#include <stdexcept>

namespace ofsweep {
namespace {

Value Integer(std::int64_t value) {
  return value;
}
Value Text(std::string_view value) {
  return std::string(value);
}

// The keys of a GPT-like shape; its MLP is four times as wide as the residual stream.
Overrides Shape(std::int64_t layers, std::int64_t width, std::int64_t heads, std::int64_t context) {
  return {{"model.layers", Integer(layers)},
          {"model.width", Integer(width)},
          {"model.heads", Integer(heads)},
          {"model.context", Integer(context)}};
}

Overrides With(Overrides shape, Overrides more) {
  shape.merge(more);
  return shape;
}

// Languini Kitchen (Stanić et al., arXiv 2309.11197), languini/projects/gpt/configs.py: `small` is 12 × 768 with 12
// heads of 64, `medium` 24 × 1024 with 16 heads of 64, `XL` 24 × 2048 with 24 heads of 128; each MLP 4 × as wide, 512
// tokens, vocabulary 16,384; LayerNorm, GELU and biases in every linear layer as GPT-2 has them. Two things differ
// here. Its head is a matrix of its own: tied, the three have 98 M, 320 M and 1.24 B parameters, which is what He et
// al. call them. Its XL has attention wider than the residual stream, which the trainer's decoder has not: 16 heads of
// 128.
Overrides Languini(std::int64_t layers, std::int64_t width, std::int64_t heads) {
  return With(Shape(layers, width, heads, 512), {{"model.activation", Text("gelu")}, {"model.bias", Text("all")}});
}

using Presets = std::map<std::string, Overrides, std::less<>>;

const Presets& AllPresets() {
  static const Presets presets = {
      {"nano", Shape(4, 192, 6, 64)},
      // He et al. (arXiv 2405.19279), CodeParrot experiments.
      {"codeparrot-130m",
       With(Shape(12, 768, 12, 128), {{"model.norm", Text("rms_norm")}, {"model.bias", Text("qk")}})},
      // Bondarenko et al. (arXiv 2306.12929), OPT experiments.
      {"opt-125m",
       With(Shape(12, 768, 12, 512),
            {{"model.bias", Text("all")}, {"model.init_std", Value(0.006)}, {"model.dropout", Value(0.1)}})},
      {"languini-100m", Languini(12, 768, 12)},
      {"languini-320m", Languini(24, 1024, 16)},
      {"languini-1.2b", Languini(24, 2048, 16)},
      // He et al. trained 7 B parameters without publishing the shape. This is the one of that size in GPT-3 (Brown et
      // al., arXiv 2005.14165, table 2.1): 32 × 4096, 32 heads of 128, 2,048 tokens, GELU, biases, LayerNorm.
      {"7b", With(Shape(32, 4096, 32, 2048), {{"model.activation", Text("gelu")}, {"model.bias", Text("all")}})},
  };
  return presets;
}

}  // namespace

const Overrides& PresetOverrides(std::string_view name) {
  const auto found = AllPresets().find(name);
  if (found == AllPresets().end()) throw std::logic_error("no preset is called " + std::string(name));
  return found->second;
}

}  // namespace ofsweep
