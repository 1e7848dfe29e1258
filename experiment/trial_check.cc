// What follows from, and what contradicts, several keys of a trial together.

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "experiment/data_input.h"
#include "experiment/trial_config.h"

namespace ofsweep {
namespace {

void ResolveModel(TrialConfig& config) {
  const std::string block = config.Text("model.block");
  const auto resolve = [&](std::string_view key, const Value& value) {
    if (config.IsAuto(key)) config.Set(key, value);
  };
  resolve("model.ffn_width", 4 * config.Integer("model.width"));
  resolve("model.final_norm", block == "post_norm" ? std::string("none") : config.Text("model.norm"));
  resolve("model.entropy_regulation", std::string(block == "op" ? "qk_norm" : "none"));
  const double layers = static_cast<double>(config.Integer("model.layers"));
  resolve("model.residual_scale", block == "op" ? 0.2 * std::sqrt(12.0 / layers) : 1.0);
  if (config.Text("data.source") != "tokens") resolve("model.vocabulary", config.Get("data.vocabulary"));
}

void ResolveOptimizer(TrialConfig& config) {
  const bool soap = config.Text("optimizer.name") == "soap";
  if (config.IsAuto("optimizer.beta1")) config.Set("optimizer.beta1", soap ? 0.95 : 0.9);
  if (config.IsAuto("optimizer.beta2")) config.Set("optimizer.beta2", soap ? 0.95 : 0.999);
}

// Collects the problems of one configuration.
class Checker {
 public:
  Checker(const TrialConfig& config, const std::string& file) : config_(config), file_(file) {}

  std::vector<Problem> Check() {
    CheckArithmetic();
    CheckHeads();
    CheckData();
    CheckEvaluation();
    CheckBatches();
    CheckMetrics();
    return std::move(problems_);
  }

 private:
  void Add(std::string key, std::string message, std::string fix) {
    problems_.push_back({file_, 0, std::move(key), std::move(message), std::move(fix)});
  }

  // A number beyond float32 would be another one in the trainer: 0, or infinity.
  void CheckArithmetic() {
    if (config_.Text("train.precision") == "fp64") return;
    for (const TrialKey& key : TrialKeys()) {
      if (key.type != KeyType::kNumber || config_.IsAuto(key.name)) continue;
      const double number = config_.Number(key.name);
      const auto computed_with = static_cast<float>(number);
      if (std::isinf(computed_with) || (computed_with == 0 && number != 0)) {
        Add(std::string(key.name),
            absl::StrCat(ShortestNumber(number), " is ", computed_with == 0 ? "0" : "infinite",
                         " in float32, in which models are trained"),
            absl::StrCat("give a number ", computed_with == 0 ? "≥ 1e-38, or 0 where it may be" : "≤ 1e38"));
      }
    }
  }

  void CheckHeads() {
    const std::int64_t width = config_.Integer("model.width");
    const std::int64_t heads = config_.Integer("model.heads");
    if (width % heads != 0) {
      Add("model.heads", absl::StrCat("model.width ", width, " is not divisible by ", heads, " heads"),
          "choose a divisor of the width");
    } else if (config_.Text("model.positions") == "rotary" && width / heads % 2 != 0) {
      Add("model.positions",
          absl::StrCat("rotary positions turn pairs of neurons, but a head is ", width / heads, " wide"),
          "choose model.heads such that model.width / model.heads is even");
    }
  }

  void CheckData() {
    const std::string source = config_.Text("data.source");
    if (source != "python" && config_.Text("data.path").empty()) {
      Add("data.path", absl::StrCat("data.source ", source, " needs a path"),
          source == "text" ? "name a text file or folder" : "name a .bin file of tokens");
    }
    if (source != "tokens" && !config_.IsAuto("model.vocabulary") &&
        config_.Integer("model.vocabulary") < config_.Integer("data.vocabulary")) {
      Add("model.vocabulary",
          absl::StrCat("is ", config_.Integer("model.vocabulary"), ", smaller than the tokenizer's data.vocabulary ",
                       config_.Integer("data.vocabulary")),
          "leave it at auto");
    }
    for (const InputKeys& keys : kInputKeys) {
      const bool may_be_unset = keys.path == "data.path" && source == "python";
      if (config_.IsAuto(keys.fingerprint) || !config_.Text(keys.path).empty() || may_be_unset) continue;
      Add(std::string(keys.fingerprint), absl::StrCat("is given, and ", std::string(keys.path), " is not"),
          absl::StrCat("give ", std::string(keys.path), ", or leave it at auto"));
    }
  }

  void CheckEvaluation() {
    const bool nothing_kept =
        config_.Text("data.validation_path").empty() && config_.Number("data.validation_fraction") == 0;
    if (!config_.List("evaluate.bits").empty() && nothing_kept) {
      Add("evaluate.bits", "data.validation_fraction: 0 leaves nothing to evaluate on",
          "raise it, or give data.validation_path");
    }
  }

  void CheckBatches() {
    if (config_.IsAuto("train.micro_batch_size")) return;
    const std::int64_t batch = config_.Integer("train.batch_size");
    const std::int64_t micro = config_.Integer("train.micro_batch_size");
    if (batch % micro != 0) {
      Add("train.micro_batch_size", absl::StrCat(micro, " does not divide train.batch_size ", batch),
          "choose a divisor of the batch size, or auto");
    }
  }

  // `all` beside others would name the same measurements as `all`, and be another trial.
  void CheckMetrics() {
    const std::vector<std::string>& metrics = config_.List("measure.metrics");
    if (metrics.size() < 2 || std::find(metrics.begin(), metrics.end(), "all") == metrics.end()) return;
    Add("measure.metrics", "all is every metric, and others are named beside it", "name all alone, or leave it out");
  }

  const TrialConfig& config_;
  const std::string& file_;
  std::vector<Problem> problems_;
};

}  // namespace

void ResolveAuto(TrialConfig& config) {
  ResolveModel(config);
  ResolveOptimizer(config);
  if (config.IsAuto("evaluate.every")) config.Set("evaluate.every", config.Get("train.steps"));
}

std::vector<Problem> CheckTrial(const TrialConfig& config, const std::string& file) {
  return Checker(config, file).Check();
}

}  // namespace ofsweep
