// The table of trial keys. docs/trial-keys.md is printed from it by `ofsweep spec --format markdown`.

#include "experiment/metric_table.h"
#include "experiment/number_range.h"
#include "experiment/step_limit.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

constexpr double kMost = 1e9;

constexpr std::string_view kNorms = "layer_norm|rms_norm|srms_norm";

TrialKey Text(std::string_view name, std::string_view default_text, std::string_view choices, std::string_view help) {
  return {.name = name, .type = KeyType::kText, .default_text = default_text, .choices = choices, .help = help};
}

TrialKey Path(std::string_view name, std::string_view help) {
  return {.name = name, .type = KeyType::kPath, .default_text = "", .help = help};
}

// Of what the path of the same input names (data_input.h).
TrialKey Fingerprint(std::string_view name, std::string_view help) {
  return {.name = name,
          .type = KeyType::kFingerprint,
          .default_text = "auto",
          .accepts_auto = true,
          .identity = Identity::kAddition,
          .help = help};
}

TrialKey Integer(std::string_view name, std::string_view default_text, double minimum, std::string_view help,
                 double maximum = kMost) {
  return {.name = name,
          .type = KeyType::kInteger,
          .default_text = default_text,
          .accepts_auto = default_text == "auto",
          .minimum = minimum,
          .maximum = maximum,
          .help = help};
}

TrialKey Number(std::string_view name, std::string_view default_text, double minimum, double maximum,
                std::string_view help) {
  return {.name = name,
          .type = KeyType::kNumber,
          .default_text = default_text,
          .accepts_auto = default_text == "auto",
          .minimum = minimum,
          .maximum = maximum,
          .help = help};
}

TrialKey Boolean(std::string_view name, std::string_view default_text, std::string_view help) {
  return {.name = name, .type = KeyType::kBoolean, .default_text = default_text, .help = help};
}

TrialKey WithAuto(TrialKey key) {
  key.accepts_auto = true;
  return key;
}

TrialKey Positive(TrialKey key) {
  key.open_minimum = true;
  return key;
}

TrialKey When(std::string_view key, std::string_view values, TrialKey row) {
  row.applies = {key, values};
  return row;
}

TrialKey CostsNothing(TrialKey key) {
  key.costs_nothing = true;
  return key;
}

TrialKey As(Identity identity, TrialKey key) {
  key.identity = identity;
  return key;
}

std::vector<TrialKey> ModelKeys() {
  return {
      As(Identity::kShorthand,
         Text("model.preset", "nano", "nano|codeparrot-130m|opt-125m|languini-100m|languini-320m|languini-1.2b|7b",
              "a named shape; any model key beside it overrides it")),
      Text("model.block", "pre_norm", "pre_norm|post_norm|op",
           "where the norms stand: before each branch, after each sum, or the Outlier Protected block without them"),
      Integer("model.layers", "4", 1, "number of blocks", 10000),
      Integer("model.width", "192", 1, "width d of the residual stream", 1 << 20),
      Integer("model.heads", "6", 1, "attention heads; must divide the width", 1 << 20),
      Integer("model.context", "64", 1, "tokens in a sequence, T", 1 << 24),
      Integer("model.ffn_width", "auto", 1, "hidden width of the MLP; auto = 4 × width", 1 << 24),
      Integer("model.vocabulary", "auto", 1, "tokens in the vocabulary, V; auto = the tokenizer's", 1 << 24),
      Text("model.norm", "layer_norm", kNorms, "kind of every norm; srms_norm is RMSNorm without gain"),
      CostsNothing(
          Positive(Number("model.norm_epsilon", "1e-5", 0, 1, "added to the variance or mean square inside a norm"))),
      Text("model.activation", "relu", "relu|gelu", "nonlinearity of the MLP"),
      Text("model.positions", "learned", "learned|rotary|none", "how positions enter"),
      Text("model.bias", "none", "none|qk|all", "which linear layers have a bias"),
      Boolean("model.tie_embeddings", "true", "the head uses the token embedding"),
      WithAuto(Text("model.final_norm", "auto", "none|layer_norm|rms_norm|srms_norm",
                    "norm in front of the head; auto = model.norm, for post_norm none")),
      Text("model.embedding_norm", "none", "none|layer_norm|rms_norm",
           "norm on the embedding sum (the authors' post_norm has one)"),
      WithAuto(
          Text("model.entropy_regulation", "auto", "none|qk_norm|tanh|qk_norm_tanh",
               "what keeps attention from collapsing; tanh = 30·tanh(logits/30); auto = qk_norm for op, else none")),
      CostsNothing(Number("model.residual_scale", "auto", -kMost, kMost,
                          "β on both branches; auto = 0.2·√(12/layers) for op, else 1")),
      Boolean("model.residual_scale_trainable", "false", "β is a parameter of each block"),
      CostsNothing(
          When("model.init_from", "",
               Positive(Number("model.init_std", "0.02", 0, 1e3, "standard deviation of the initial weights")))),
      CostsNothing(Path("model.init_from", "safetensors file with the initial weights")),
      CostsNothing(Fingerprint("model.init_fingerprint",
                               "the content that model.init_from must have; auto as data.fingerprint")),
      Number("model.dropout", "0", 0, 0.99, "dropout on the embedding sum and both branches"),
  };
}

std::vector<TrialKey> OptimizerKeys() {
  return {
      Text("optimizer.name", "adam", "adam|soap", "adam (decoupled weight decay) or SOAP (arXiv 2409.11321)"),
      CostsNothing(Positive(Number("optimizer.learning_rate", "1e-3", 0, 1e3, "peak learning rate"))),
      CostsNothing(Number("optimizer.beta1", "auto", 0, 0.999999999,
                          "decay of the first moment; auto = 0.9 for adam, 0.95 for soap")),
      CostsNothing(Number("optimizer.beta2", "auto", 0, 0.999999999,
                          "decay of the second moment; auto = 0.999 for adam, 0.95 for soap")),
      CostsNothing(
          Positive(Number("optimizer.epsilon", "1e-8", 0, kNoBound, "added to the root of the second moment"))),
      CostsNothing(Number("optimizer.weight_decay", "0.1", 0, 1e3, "decoupled, on tensors of two or more dimensions")),
      CostsNothing(
          When("optimizer.name", "adam",
               Text("optimizer.adam_variant", "torch", "torch|hf",
                    "hf: epsilon before the bias correction, decay after the update (the authors' optimiser)"))),
      When("optimizer.name", "soap", Integer("optimizer.refresh_every", "10", 1, "steps between new eigenbases")),
      When("optimizer.name", "soap",
           Integer("optimizer.max_preconditioner_dim", "10000", 1,
                   "a larger dimension keeps that side as the identity")),
      When("optimizer.name", "soap",
           Boolean("optimizer.stagger", "false",
                   "the matrices take turns with their new eigenbases, a few at each step")),
  };
}

std::vector<TrialKey> TrainKeys() {
  TrialKey device{.name = "train.device",
                  .type = KeyType::kDevice,
                  .default_text = "auto",
                  .accepts_auto = true,
                  .help = "cpu, cuda or cuda:N; auto: a GPU where there is one"};
  return {
      CostsNothing(
          Text("schedule.kind", "linear", "linear|cosine|constant", "after the warm-up; linear and cosine end at 0")),
      CostsNothing(
          Number("schedule.warmup_fraction", "0.05", 0, 1, "part of the steps over which the learning rate rises")),
      CostsNothing(Integer("train.steps", "200", 1, "number of updates, S", kMaxSteps)),
      Integer("train.batch_size", "16", 1, "sequences of model.context tokens in a step", 1 << 24),
      Integer("train.micro_batch_size", "auto", 1, "sequences that pass the model at once; auto fits the memory",
              1 << 24),
      As(Identity::kOperation, Boolean("train.activation_checkpointing", "false",
                                       "run each block again in the backward pass instead of keeping its inside: less "
                                       "memory, about a third more time, the same numbers")),
      CostsNothing(Number("train.clip_norm", "1", 0, kNoBound, "global gradient norm is clipped to this; 0 = off")),
      WithAuto(Text("train.precision", "auto", "fp32|bf16|fp64", "auto: bf16 on a GPU, fp32 on a CPU")),
      device,
      As(Identity::kOperation,
         Integer("train.threads", "auto", 1, "CPU threads; auto: an equal share of the cores", 4096)),
      CostsNothing(As(Identity::kOperation, Integer("train.checkpoint_every", "auto", 0,
                                                    "steps between checkpoints; auto: every 10 minutes; 0 = never"))),
  };
}

std::vector<TrialKey> DataAndMeasureKeys() {
  TrialKey metrics{.name = "measure.metrics",
                   .type = KeyType::kTextList,
                   .default_text = DefaultMetricChoices(),
                   .choices = MetricChoices(),
                   .help = "what is measured at every site (trial-metrics.md defines them)"};
  TrialKey bits{.name = "evaluate.bits",
                .type = KeyType::kBitsList,
                .default_text = "[]",
                .identity = Identity::kAddition,
                .help = "also evaluate after rounding weights to X and activations to Y bits (quantisation.md)"};
  return {
      CostsNothing(Text("data.source", "python", "python|text|tokens",
                        "Python files of this machine, a text corpus, or prepared tokens")),
      CostsNothing(
          Path("data.path", "text: a file or folder; tokens: a .bin file; python: a folder instead of the system's")),
      CostsNothing(Fingerprint(
          "data.fingerprint",
          "the content that data.path must have, wherever it lies; auto = as `submit` and `run` find it, else "
          "as the sweep's first attempt does")),
      CostsNothing(When("data.source", "python|text",
                        Integer("data.vocabulary", "2048", 260, "size of the BPE tokenizer that is trained", 1 << 20))),
      CostsNothing(When(
          "data.source", "tokens",
          As(Identity::kAddition,
             WithAuto(Text("data.token_type", "auto", "uint16|uint32",
                           "type of the .bin files' tokens; auto = as the .json beside them says, else uint16, for a "
                           "vocabulary above 65,536 uint32"))))),
      CostsNothing(Text("data.order", "shuffled", "shuffled|sequential", "order of the training windows")),
      CostsNothing(When(
          "data.validation_path", "",
          Number("data.validation_fraction", "0.01", 0, 0.9, "the tail of the tokens that is kept for validation"))),
      CostsNothing(Path("data.validation_path", "a validation file of its own, of the same source")),
      CostsNothing(Fingerprint("data.validation_fingerprint",
                               "the content that data.validation_path must have; auto as data.fingerprint")),
      CostsNothing(Integer("measure.every", "10", 1, "steps between measurements; the last step is always measured")),
      metrics,
      CostsNothing(Integer("evaluate.every", "auto", 1, "steps between evaluations; auto: at the end only")),
      CostsNothing(Integer("evaluate.batches", "auto", 1,
                           "validation batches of train.batch_size; auto: all windows, at most 1,048,576 tokens, "
                           "whatever the batch is")),
      Boolean("evaluate.int8", "true", "also evaluate after W8A8 quantisation"),
      bits,
      // These apply where nothing is rounded too: `ofsweep evaluate` rounds the model later, as the trial says.
      CostsNothing(
          Integer("evaluate.int8_calibration_batches", "16", 1, "training batches that set the activation ranges")),
      Integer("evaluate.int8_calibration_batch_size", "8", 1, "sequences in a calibration batch", 1 << 24),
      CostsNothing(As(Identity::kAddition, Text("replica", "", "", "tells trials apart that are equal in all else"))),
      CostsNothing(Integer("seed", "0", 0, "initial weights and data order", kExactIntegers)),
  };
}

std::vector<TrialKey> AllKeys() {
  std::vector<TrialKey> all;
  for (auto* group : {&ModelKeys, &OptimizerKeys, &TrainKeys, &DataAndMeasureKeys}) {
    for (TrialKey& key : group()) all.push_back(key);
  }
  return all;
}

}  // namespace

std::span<const TrialKey> TrialKeys() {
  static const std::vector<TrialKey> keys = AllKeys();
  return keys;
}

}  // namespace ofsweep
