#include "experiment/memory_estimate.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "experiment/model_size.h"
#include "experiment/quantisation_bits.h"

namespace ofsweep {
namespace {

// Bytes of an element: of weights and activations, and of gradients and what the optimiser computes with.
struct ElementBytes {
  double model = 4;
  double optimizer = 4;
};

ElementBytes BytesOf(const TrialConfig& config) {
  const std::string& precision = config.Text("train.precision");
  if (precision == "bf16") return {2, 4};
  if (precision == "fp64") return {8, 8};
  if (precision == "fp32") return {4, 4};
  throw std::logic_error("train.precision must be known to estimate memory, and is " + precision);
}

// What one block keeps for its backward pass, in elements.
double KeptInBlock(const TrialConfig& config, double tokens) {
  const double width = tokens * static_cast<double>(config.Integer("model.width"));
  const double ffn = tokens * static_cast<double>(config.Integer("model.ffn_width"));
  const std::string& block = config.Text("model.block");
  const std::string& regulation = config.Text("model.entropy_regulation");
  // The stream after each branch; q, k, v; the attention's output. ReLU works in place, GELU keeps its input too.
  double kept = 6 * width + (config.Text("model.activation") == "gelu" ? 2 : 1) * ffn;
  // A norm keeps its input, which is the stream, and its output, the next layer's input.
  // RMSNorm keeps what it multiplies by its gain, too.
  const double norm = config.Text("model.norm") == "rms_norm" ? 2 * width : width;
  if (block != "op") kept += 2 * norm;
  if (regulation == "qk_norm" || regulation == "qk_norm_tanh") kept += 4 * width;
  if (regulation == "tanh" || regulation == "qk_norm_tanh") {
    const auto context = static_cast<double>(config.Integer("model.context"));
    kept += 2 * tokens * context * static_cast<double>(config.Integer("model.heads"));  // tanh and probabilities
  }
  if (config.Number("model.dropout") > 0) kept += 2 * width;
  if (config.Boolean("model.residual_scale_trainable")) kept += 2 * width;
  return kept;
}

struct Activations {
  double kept = 0;       // for the backward pass of all blocks
  double one_block = 0;  // a block's, whole
  double rebuilt = 0;    // with activation checkpointing, what the backward pass has at hand of one block
  double moment = 0;     // what the backward pass of a block needs besides
};

Activations ActivationsOf(const TrialConfig& config, double tokens, double bytes) {
  const double width = tokens * static_cast<double>(config.Integer("model.width"));
  const double ffn = tokens * static_cast<double>(config.Integer("model.ffn_width"));
  Activations activations;
  activations.one_block = bytes * KeptInBlock(config, tokens);
  const bool checkpoint = config.Boolean("train.activation_checkpointing");
  const double block_keeps = checkpoint ? bytes * width : activations.one_block;
  activations.kept = block_keeps * static_cast<double>(config.Integer("model.layers")) + bytes * width;
  activations.rebuilt = checkpoint ? activations.one_block : 0;
  // Two gradients of the MLP's inner layer, but the backward pass of GELU has already let go of GELU's output.
  const bool relu = config.Text("model.activation") == "relu";
  activations.moment = bytes * ((relu ? 2 : 1) * ffn + 2 * width);
  // Autograd copies the gradient of a view that was written in place: ReLU's of a sum with a bias.
  if (relu && config.Text("model.bias") == "all") activations.moment += bytes * 2 * ffn;
  return activations;
}

// What the loss holds, trainer/loss.cc: a chunk of logits in at least float32, the gradient of the head, and what goes
// in and comes back.
struct Loss {
  double chunk = 0;
  double head_gradient = 0;
  double hidden = 0;
};

Loss LossOf(const TrialConfig& config, double tokens, ElementBytes bytes) {
  const auto vocabulary = static_cast<double>(config.Integer("model.vocabulary"));
  const auto width = static_cast<double>(config.Integer("model.width"));
  const double rows =
      std::min(tokens, std::max(1.0, std::floor(static_cast<double>(kLogitsChunkElements) / vocabulary)));
  // bfloat16 logits are widened, and their error is rounded again.
  const double chunk = bytes.model == 2 ? 6 : bytes.model;
  return {rows * vocabulary * chunk, vocabulary * width * bytes.model, 2 * tokens * width * bytes.model};
}

struct OptimizerMemory {
  double state = 0;
  double step = 0;
};

// trainer/soap_group.cc: both moments, and for each side that is not too large its Gram matrix and eigenbasis.
OptimizerMemory SoapMemory(const TrialConfig& config, double bytes) {
  const std::int64_t largest = config.Integer("optimizer.max_preconditioner_dim");
  OptimizerMemory memory;
  for (const ParameterShape& shape : ParameterShapes(config)) {
    const auto elements = static_cast<double>(shape.Elements());
    const auto count = static_cast<double>(shape.count);
    memory.state += 2 * count * elements;
    if (!shape.IsMatrix()) continue;
    const double stacked = std::min(count, std::max(1.0, std::floor(kSoapStackElements / elements)));
    double basis = 0;
    for (const std::int64_t side : {shape.rows, shape.columns}) {
      if (side > largest) continue;
      const double square = static_cast<double>(side) * static_cast<double>(side);
      memory.state += 2 * count * square;
      // The first eigenvectors: what is decomposed, LAPACK's copy, the vectors, the vectors in falling order, and
      // LAPACK's workspace for one matrix at a time. A refresh needs less.
      basis = std::max(basis, (4 * stacked + 2) * square);
    }
    // The gradients as a stack; turned into the basis, the update there, and half turned back; or a new basis.
    memory.step = std::max(memory.step, stacked * elements + std::max(3 * stacked * elements, basis));
  }
  return {bytes * memory.state, bytes * memory.step};
}

OptimizerMemory OptimizerMemoryOf(const TrialConfig& config, double parameters, ElementBytes bytes) {
  OptimizerMemory memory{2 * parameters * bytes.optimizer, 0};  // Adam's moments, updated where they are
  if (config.Text("optimizer.name") == "soap") memory = SoapMemory(config, bytes.optimizer);
  if (bytes.model != bytes.optimizer) memory.state += parameters * bytes.optimizer;  // master weights
  return memory;
}

// Of attention maps at once: the scores, masked, and their softmax.
constexpr double kMapCopies = 3;

void Raise(MemoryEstimate& memory, double bytes, std::string_view when) {
  if (bytes <= memory.peak) return;
  memory.peak = bytes;
  memory.peak_when = when;
}

bool Measures(const TrialConfig& config, std::initializer_list<std::string_view> metrics) {
  const std::vector<std::string>& chosen = config.List("measure.metrics");
  return std::any_of(chosen.begin(), chosen.end(), [&](const std::string& name) {
    return name == "all" || std::find(metrics.begin(), metrics.end(), name) != metrics.end();
  });
}

struct Measuring {
  double kept = 0;  // until the step's batch has been measured
  double maps = 0;  // of one layer, while it is passed
};

// trainer/site_statistics.h and attention.cc.
Measuring MeasuringMemory(const TrialConfig& config, std::int64_t micro_batch_size, double bytes) {
  const auto width = static_cast<double>(config.Integer("model.width"));
  const auto context = static_cast<double>(config.Integer("model.context"));
  const auto layers = static_cast<double>(config.Integer("model.layers"));
  const double sites = 2 + layers * (config.Text("model.block") == "post_norm" ? 2 : 1);
  Measuring measuring;
  if (Measures(config, {"massive_activations", "delta_m2", "delta_m4_second"})) {
    const double tokens = static_cast<double>(config.Integer("train.batch_size")) * context;
    measuring.kept += sites * tokens * width * bytes;
  }
  if (Measures(config, {"feature_corr_rms", "token_corr_mean", "token_corr_rms"})) {
    measuring.kept += sites * width * width * 4;
  }
  if (Measures(config, {"attention_entropy", "sink_rate"})) {
    const double of_a_sequence = static_cast<double>(config.Integer("model.heads")) * context * context;
    const double shown = std::max(of_a_sequence, std::min(of_a_sequence * static_cast<double>(micro_batch_size),
                                                          static_cast<double>(kShownMapElements)));
    measuring.maps = kMapCopies * 4 * shown;
  }
  return measuring;
}

// A pass without gradients through `tokens`, elements of `bytes` each: a block with its attention maps (of so many
// elements, where they are built) or its MLP's inner layer, or the loss with its logits.
double ForwardPass(const TrialConfig& config, double tokens, double bytes, double maps, double logits_bytes) {
  const double width = tokens * static_cast<double>(config.Integer("model.width"));
  const double inner = 2 * tokens * static_cast<double>(config.Integer("model.ffn_width"));
  return std::max(bytes * (8 * width + std::max(maps, inner)), bytes * 3 * width + logits_bytes);
}

// A quantised evaluation, after the gradients were let go of: a float32 copy of the model whose head is its own, and a
// forward pass that builds the attention maps.
double EvaluationMemory(const TrialConfig& config, double parameters, std::int64_t micro_batch_size) {
  const auto width = static_cast<double>(config.Integer("model.width"));
  const auto context = static_cast<double>(config.Integer("model.context"));
  const auto heads = static_cast<double>(config.Integer("model.heads"));
  const auto vocabulary = static_cast<double>(config.Integer("model.vocabulary"));
  const auto rows = static_cast<double>(
      std::max(EvaluatedAtOnce(config, micro_batch_size), config.Integer("evaluate.int8_calibration_batch_size")));
  const double tokens = rows * context;
  const double maps = kMapCopies * tokens * heads * context;
  const double logits = std::min(tokens * vocabulary, static_cast<double>(kLogitsChunkElements));
  const double pass = ForwardPass(config, tokens, 4, maps, 4 * logits);
  const double head = config.Boolean("model.tie_embeddings") ? vocabulary * width : 0;
  double largest = 0;  // a weight is searched for its grid with copies of it at hand
  for (const ParameterShape& shape : ParameterShapes(config)) {
    largest = std::max(largest, static_cast<double>(shape.Elements()));
  }
  return 4 * (parameters + head) + std::max(pass, 4 * 3 * largest);
}

}  // namespace

std::int64_t EvaluatedAtOnce(const TrialConfig& config, std::int64_t micro_batch_size) {
  const std::int64_t context = config.Integer("model.context");
  const std::int64_t maps = config.Integer("model.heads") * context * context;
  return std::max<std::int64_t>(1, std::min(micro_batch_size, kEvaluatedMapElements / maps));
}

MemoryEstimate EstimateMemory(const TrialConfig& config, std::int64_t micro_batch_size) {
  const ElementBytes bytes = BytesOf(config);
  const auto parameters = static_cast<double>(ParameterCount(config));
  const auto tokens = static_cast<double>(micro_batch_size * config.Integer("model.context"));
  const Activations activations = ActivationsOf(config, tokens, bytes.model);
  const Loss loss = LossOf(config, tokens, bytes);
  const OptimizerMemory optimizer = OptimizerMemoryOf(config, parameters, bytes);

  MemoryEstimate memory;
  memory.weights = parameters * bytes.model;
  memory.gradients = parameters * bytes.optimizer;
  memory.optimizer = optimizer.state;
  memory.optimizer_step = optimizer.step;
  memory.activations = activations.kept + activations.rebuilt + activations.moment;
  memory.logits = loss.chunk + loss.head_gradient + loss.hidden;

  const double always = memory.weights + memory.optimizer;
  // The gradients of earlier micro-batches are there when the next one begins.
  const double earlier = micro_batch_size < config.Integer("train.batch_size") ? memory.gradients : 0;
  const double in_loss = always + earlier + activations.kept + memory.logits;
  const double early = always + earlier + memory.activations + loss.head_gradient;
  const double late = always + memory.gradients + activations.one_block + activations.moment + loss.head_gradient;
  const double in_step = always + memory.gradients + memory.optimizer_step;
  const double backward = std::max({early, late});
  memory.step = std::max({in_loss, backward, in_step});
  memory.peak = memory.step;
  memory.peak_when = memory.peak == in_loss    ? "in the loss"
                     : memory.peak == backward ? "in the backward pass"
                                               : "in the optimizer's step";

  const Measuring measuring = MeasuringMemory(config, micro_batch_size, bytes.model);
  memory.measuring = std::max(measuring.kept, measuring.maps);
  Raise(memory, std::max(memory.step, always + earlier + activations.kept + measuring.maps) + measuring.kept,
        "while measuring");
  if (!QuantisedEvaluations(config).empty()) {
    memory.evaluation = EvaluationMemory(config, parameters, micro_batch_size);
    Raise(memory, always + memory.evaluation, "in the quantised evaluation");
  }
  return memory;
}

double BytesToEvaluate(const TrialConfig& config, std::int64_t micro_batch_size) {
  const ElementBytes bytes = BytesOf(config);
  const auto parameters = static_cast<double>(ParameterCount(config));
  const auto tokens = static_cast<double>(micro_batch_size * config.Integer("model.context"));
  const double pass = ForwardPass(config, tokens, bytes.model, 0, LossOf(config, tokens, bytes).chunk);
  const double rounded =
      QuantisedEvaluations(config).empty() ? 0 : EvaluationMemory(config, parameters, micro_batch_size);
  return parameters * bytes.model + std::max(pass, rounded);
}

std::optional<std::int64_t> LargestMicroBatch(const TrialConfig& config, double bytes) {
  const std::int64_t batch_size = config.Integer("train.batch_size");
  for (std::int64_t parts = 1; parts <= batch_size; ++parts) {
    if (batch_size % parts == 0 && EstimateMemory(config, batch_size / parts).peak <= bytes) return batch_size / parts;
  }
  return std::nullopt;
}

std::int64_t FittingMicroBatch(const TrialConfig& config, double bytes) {
  const double part = config.Text("train.device") == "cpu" ? kPlannedPartOfACpu : kPlannedPartOfAGpu;
  return *LargestMicroBatch(config, std::max(part * bytes, EstimateMemory(config, 1).peak));
}

}  // namespace ofsweep
