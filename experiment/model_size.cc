#include "experiment/model_size.h"

#include <algorithm>

namespace ofsweep {
namespace {

class Shapes {
 public:
  void Add(std::int64_t count, std::int64_t rows, std::int64_t columns = 0) {
    if (count == 0) return;
    const auto same = [&](const ParameterShape& shape) { return shape.rows == rows && shape.columns == columns; };
    const auto known = std::find_if(shapes_.begin(), shapes_.end(), same);
    if (known == shapes_.end()) {
      shapes_.push_back({count, rows, columns});
    } else {
      known->count += count;
    }
  }

  // `count` norms over `width`: LayerNorm has a gain and a bias, RMSNorm a gain, SRMSNorm nothing.
  void AddNorms(const std::string& kind, std::int64_t count, std::int64_t width) {
    if (kind == "layer_norm") Add(2 * count, width);
    if (kind == "rms_norm") Add(count, width);
  }

  std::vector<ParameterShape> Take() { return std::move(shapes_); }

 private:
  std::vector<ParameterShape> shapes_;
};

}  // namespace

std::vector<ParameterShape> ParameterShapes(const TrialConfig& config) {
  const std::int64_t layers = config.Integer("model.layers");
  const std::int64_t width = config.Integer("model.width");
  const std::int64_t ffn_width = config.Integer("model.ffn_width");
  const std::string& bias = config.Text("model.bias");
  const std::string& regulation = config.Text("model.entropy_regulation");

  Shapes shapes;
  shapes.Add(config.Boolean("model.tie_embeddings") ? 1 : 2, config.Integer("model.vocabulary"), width);
  if (config.Text("model.positions") == "learned") shapes.Add(1, config.Integer("model.context"), width);
  shapes.Add(4 * layers, width, width);  // q, k, v, out
  shapes.Add(layers, ffn_width, width);
  shapes.Add(layers, width, ffn_width);

  // The Outlier Protected block has one norm, in front of block 0's attention.
  shapes.AddNorms(config.Text("model.norm"), config.Text("model.block") == "op" ? 1 : 2 * layers, width);
  shapes.AddNorms(config.Text("model.embedding_norm"), 1, width);
  shapes.AddNorms(config.Text("model.final_norm"), 1, width);
  if (regulation == "qk_norm" || regulation == "qk_norm_tanh") {
    shapes.Add(2 * layers, width / config.Integer("model.heads"));
  }
  if (bias == "qk") shapes.Add(2 * layers, width);
  if (bias == "all") {
    shapes.Add(5 * layers, width);  // q, k, v, out, down
    shapes.Add(layers, ffn_width);
  }
  if (config.Boolean("model.residual_scale_trainable")) shapes.Add(layers, 1);
  return shapes.Take();
}

std::int64_t ParameterCount(const TrialConfig& config) {
  std::int64_t count = 0;
  for (const ParameterShape& shape : ParameterShapes(config)) count += shape.count * shape.Elements();
  return count;
}

double FlopsPerToken(const TrialConfig& config) {
  const auto attention = static_cast<double>(config.Integer("model.layers") * config.Integer("model.width")) *
                         static_cast<double>(config.Integer("model.context"));
  return 6 * static_cast<double>(ParameterCount(config)) + 12 * attention;
}

std::int64_t TrainingTokens(const TrialConfig& config) {
  return config.Integer("train.steps") * config.Integer("train.batch_size") * config.Integer("model.context");
}

}  // namespace ofsweep
