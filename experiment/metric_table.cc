#include "experiment/metric_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "experiment/quantisation_bits.h"

namespace ofsweep {
namespace {

constexpr std::string_view kBits = "{bits}";

constexpr std::string_view kSquare = "d × d a site";
constexpr std::string_view kWholeBatch = "X of every site";
constexpr std::string_view kMaps = "256 MiB of maps";

// X is the residual stream of a step's whole batch at a site, n tokens × d neurons; by He et al. (arXiv 2405.19279) and
// their code where nothing else is said.
constexpr Metric kMetrics[] = {
    {.name = "train_loss",
     .unit = "nats a token",
     .better = Better::kLower,
     .family = "trial_loss_nats",
     .split = "train",
     .meaning = "mean cross entropy of the step's batch, before its update"},
    {.name = "eval_loss",
     .unit = "nats a token",
     .better = Better::kLower,
     .family = "trial_loss_nats",
     .split = "validation",
     .meaning = "mean cross entropy of the validation windows"},
    {.name = "eval_perplexity", .better = Better::kLower, .log_axis = true, .meaning = "e^eval_loss"},
    {.name = "{bits}_loss",
     .unit = "nats a token",
     .better = Better::kLower,
     .family = "trial_loss_nats",
     .split = "validation_{bits}",
     .meaning =
         "eval_loss after rounding weights and activations: `int8_loss`, and of `evaluate.bits` `w8a4_loss` and the "
         "like ([quantisation.md](quantisation.md))"},
    {.name = "{bits}_perplexity", .better = Better::kLower, .log_axis = true, .meaning = "e^ of that loss"},
    {.name = "gradient_norm",
     .log_axis = true,
     .family = "trial_gradient_norm",
     .meaning = "global norm of the gradient, before clipping"},
    {.name = "learning_rate", .family = "trial_learning_rate", .meaning = "of the step's update"},
    {.name = "tokens_per_second", .unit = "tokens/s", .better = Better::kHigher, .meaning = "speed of training"},
    {.name = "tokens", .unit = "tokens", .meaning = "trained on so far"},
    {.name = "seconds", .unit = "s", .meaning = "of training so far, of this attempt and those that it continues"},
    {.name = "kurtosis",
     .place = MetricPlace::kResidual,
     .better = Better::kLower,
     .log_axis = true,
     .by_default = true,
     .family = "trial_kurtosis",
     .meaning =
         "mean_j s_j⁴ / (mean_j s_j²)², s_j² = mean of X_αj² over the tokens; from 1 (all neurons alike) to d (one "
         "outlier neuron)"},
    {.name = "kurtosis_centred",
     .place = MetricPlace::kResidual,
     .better = Better::kLower,
     .log_axis = true,
     .by_default = true,
     .meaning =
         "the same after subtracting from each token its mean over the width. The authors' code logs (this − 1)·d/(d − "
         "1)"},
    {.name = "mmr",
     .place = MetricPlace::kResidual,
     .better = Better::kLower,
     .log_axis = true,
     .by_default = true,
     .family = "trial_mmr",
     .meaning = "of the centred X, mean over tokens of max|x| / median|x| (the lower median)"},
    {.name = "mmr_left_out",
     .unit = "tokens",
     .place = MetricPlace::kResidual,
     .meaning = "tokens that `mmr` leaves out because their median is 0"},
    {.name = "rms",
     .place = MetricPlace::kResidual,
     .log_axis = true,
     .by_default = true,
     .family = "trial_rms",
     .meaning = "√ of the mean of X²"},
    {.name = "max_abs",
     .place = MetricPlace::kResidual,
     .better = Better::kLower,
     .log_axis = true,
     .by_default = true,
     .family = "trial_max_abs",
     .meaning = "the largest |X|"},
    {.name = "feature_corr_rms",
     .place = MetricPlace::kResidual,
     .family = "trial_feature_corr_rms",
     .meaning = "RMS off the diagonal of x̂ᵀx̂/n, x̂ = the centred X over its global RMS",
     .memory = kSquare},
    {.name = "token_corr_mean",
     .place = MetricPlace::kResidual,
     .family = "trial_token_corr_mean",
     .meaning = "mean off the diagonal of x̂x̂ᵀ/d (signal propagation); the n × n matrix is never built"},
    {.name = "token_corr_rms",
     .place = MetricPlace::kResidual,
     .family = "trial_token_corr_rms",
     .meaning = "RMS of the same, from the sums of `feature_corr_rms`",
     .memory = kSquare},
    {.name = "massive_activations",
     .unit = "activations",
     .place = MetricPlace::kResidual,
     .better = Better::kLower,
     .family = "trial_massive_activations",
     .meaning =
         "how many values are > 100 and ≥ 1000 × the lower median of |X| of the batch (Sun et al., arXiv 2402.17762)",
     .memory = kWholeBatch},
    {.name = "delta_m2",
     .place = MetricPlace::kResidual,
     .meaning = "2·mean a + mean b, by how much this step's update changes mean_j s_j²",
     .memory = kWholeBatch},
    {.name = "delta_m4_second",
     .place = MetricPlace::kResidual,
     .meaning = "mean_j(2 s_j² b_j + 4 a_j²), the second-order part of the change of mean_j s_j⁴, to which the paper "
                "attributes "
                "the growth of outliers",
     .memory = kWholeBatch},
    {.name = "attention_entropy",
     .unit = "nats",
     .place = MetricPlace::kAttention,
     .family = "trial_attention_entropy",
     .meaning = "−Σ A log A over the keys, mean over sequences, heads and queries",
     .memory = kMaps},
    {.name = "sink_rate",
     .place = MetricPlace::kAttention,
     .family = "trial_sink_rate",
     .meaning =
         "share of (sequence, head) pairs whose queries give the first token > 0.3 of their attention in the mean",
     .memory = kMaps},
};

bool IsChoice(const Metric& metric) {
  return metric.place != MetricPlace::kModel;
}

// What stands for {bits} in a name of that metric; "" where the name is none.
std::string_view BitsIn(const Metric& metric, std::string_view name) {
  if (!metric.name.starts_with(kBits)) return "";
  const std::string_view ending = metric.name.substr(kBits.size());
  if (!name.ends_with(ending)) return "";
  name.remove_suffix(ending.size());
  return name == "int8" || ParseQuantisationBits(name).ok() ? name : "";
}

}  // namespace

std::span<const Metric> Metrics() {
  return kMetrics;
}

std::string_view MetricChoices() {
  static const std::string choices = [] {
    std::string text = "all";
    for (const Metric& metric : kMetrics) {
      if (IsChoice(metric)) absl::StrAppend(&text, "|", std::string(metric.name));
    }
    return text;
  }();
  return choices;
}

std::string_view DefaultMetricChoices() {
  static const std::string list = [] {
    std::string text;
    for (const Metric& metric : kMetrics) {
      if (metric.by_default) absl::StrAppend(&text, text.empty() ? "[" : ", ", std::string(metric.name));
    }
    return text + "]";
  }();
  return list;
}

const Site* FindSite(std::string_view name) {
  for (const Site& site : kSites) {
    if (site.name == name) return &site;
  }
  return nullptr;
}

const Metric* FindMetric(std::string_view name) {
  const auto found = std::find_if(std::begin(kMetrics), std::end(kMetrics), [&](const Metric& metric) {
    return metric.name == name || !BitsIn(metric, name).empty();
  });
  return found == std::end(kMetrics) ? nullptr : &*found;
}

std::string SplitOf(const Metric& metric, std::string_view name) {
  std::string split(metric.split);
  const std::size_t at = split.find(kBits);
  if (at != std::string::npos) split.replace(at, kBits.size(), BitsIn(metric, name));
  return split;
}

const ResultNumber* FindResultNumber(std::string_view name) {
  const auto found = std::find_if(kResultNumbers.begin(), kResultNumbers.end(),
                                  [&](const ResultNumber& number) { return number.name == name; });
  return found == kResultNumbers.end() ? nullptr : &*found;
}

}  // namespace ofsweep
