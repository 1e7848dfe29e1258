#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace ofsweep {

// Where a metric is measured, and so which sites and layers its curves have.
enum class MetricPlace {
  kModel,     // of the model as a whole: no site, no layer
  kResidual,  // of the residual stream
  kAttention  // of attention maps
};

struct Site {
  std::string_view name;
  MetricPlace place = MetricPlace::kResidual;
  bool has_layers = false;  // it is in every layer, counted from 0
  std::string_view meaning;
};

inline constexpr Site kSites[] = {
    {"embedding", MetricPlace::kResidual, false, "the residual stream x before the first block"},
    {"block", MetricPlace::kResidual, true, "x after a block"},
    {"residual", MetricPlace::kResidual, true, "of post_norm: x before the block's last norm"},
    {"final_norm", MetricPlace::kResidual, false, "x after the final norm, where the model has one"},
    {"attention", MetricPlace::kAttention, true, "the attention maps of a block"},
};

// Null for an unknown one.
const Site* FindSite(std::string_view name);

enum class Better { kNeither, kLower, kHigher };

// What trainers measure by step. Everything that knows a metric by its name learns it here: measure.metrics, what is
// shown live, Prometheus, tables, docs/trial-metrics.md. A new one is a row here beside its computation
// (trainer/site_statistics.cc, attention_statistics.h).
struct Metric {
  // As its points are called. "{bits}" stands for a rounding: int8, w8a4 (experiment/quantisation_bits.h).
  std::string_view name;
  std::string_view unit;  // "" for a plain number
  MetricPlace place = MetricPlace::kModel;
  Better better = Better::kNeither;
  bool log_axis = false;     // its values span orders of magnitude
  bool by_default = false;   // measure.metrics names it when nobody says what to measure
  std::string_view family;   // of Prometheus, without "ofsweep_"; "" for one that is not told there
  std::string_view split;    // that family's label `split`; "" for none
  std::string_view meaning;  // its definition, in Markdown; papers by their numbers
  std::string_view memory;   // what measuring it keeps, where that is much
};

std::span<const Metric> Metrics();

// Those that measure.metrics may name, as its key's choices: "all|kurtosis|…"; and those that it names by default:
// "[kurtosis, …]".
std::string_view MetricChoices();
std::string_view DefaultMetricChoices();

// By the name of a point: "int8_loss" is "{bits}_loss". Null for an unknown one.
const Metric* FindMetric(std::string_view name);

// The value of the label `split` of a point of that metric, "validation_int8" for int8_loss.
std::string SplitOf(const Metric& metric, std::string_view name);

// How a column of the view `results` comes from a metric's points.
enum class ResultOf {
  kTrial,       // not at all: of the trial
  kLast,        // its newest value
  kMeanOfLast,  // over the blocks at the last step that has it (experiment/over_blocks.h)
  kMaxOfLast,
  kPeak,      // the largest over blocks and steps; a NaN is left out
  kIncrease,  // no column: its newest value less eval_perplexity of the same step
};

// A number that a trial comes to: a numeric column of `results` (which has more, those that are trial keys), or made of
// two of them.
struct ResultNumber {
  const char* name;
  std::string_view metric;
  ResultOf of = ResultOf::kLast;
  std::string_view meaning;
};

// In the order in which tables show them. The schema, which never changes once released, names them again; tests
// compare.
inline constexpr std::array kResultNumbers = {
    ResultNumber{"train_loss", "train_loss", ResultOf::kLast, "training loss at the last measured step, nats a token"},
    ResultNumber{"eval_loss", "eval_loss", ResultOf::kLast, "validation loss, nats a token"},
    ResultNumber{"eval_perplexity", "eval_perplexity", ResultOf::kLast, "validation perplexity"},
    ResultNumber{"int8_perplexity", "int8_perplexity", ResultOf::kLast,
                 "validation perplexity with weights and activations in int8"},
    ResultNumber{"w8a5_perplexity", "w8a5_perplexity", ResultOf::kLast,
                 "validation perplexity with weights in 8 bits and activations in 5"},
    ResultNumber{"w8a4_perplexity", "w8a4_perplexity", ResultOf::kLast,
                 "validation perplexity with weights in 8 bits and activations in 4"},
    ResultNumber{"w4a4_perplexity", "w4a4_perplexity", ResultOf::kLast,
                 "validation perplexity with weights and activations in 4 bits"},
    ResultNumber{"int8_perplexity_delta", "int8_perplexity", ResultOf::kIncrease,
                 "int8_perplexity less eval_perplexity of the same trial"},
    ResultNumber{"w8a5_perplexity_delta", "w8a5_perplexity", ResultOf::kIncrease,
                 "w8a5_perplexity less eval_perplexity of the same trial"},
    ResultNumber{"w8a4_perplexity_delta", "w8a4_perplexity", ResultOf::kIncrease,
                 "w8a4_perplexity less eval_perplexity of the same trial"},
    ResultNumber{"w4a4_perplexity_delta", "w4a4_perplexity", ResultOf::kIncrease,
                 "w4a4_perplexity less eval_perplexity of the same trial"},
    ResultNumber{"kurtosis_mean", "kurtosis", ResultOf::kMeanOfLast,
                 "kurtosis (1 to width), mean over the blocks at the last measured step"},
    ResultNumber{"kurtosis_max", "kurtosis", ResultOf::kMaxOfLast,
                 "kurtosis (1 to width), largest block at the last measured step"},
    ResultNumber{"kurtosis_peak", "kurtosis", ResultOf::kPeak,
                 "kurtosis (1 to width), largest over blocks and measured steps; what is NaN is left out"},
    ResultNumber{"mmr_max", "mmr", ResultOf::kMaxOfLast, "max-median ratio, largest block at the last measured step"},
    ResultNumber{"steps", "", ResultOf::kTrial, "updates done"},
    ResultNumber{"tokens", "", ResultOf::kTrial, "tokens trained on"},
    ResultNumber{"wall_seconds", "", ResultOf::kTrial,
                 "time of all attempts with start-up, data preparation and evaluation, seconds"},
    ResultNumber{"attempts", "", ResultOf::kTrial, "attempts that were begun"},
};

// Null for an unknown one.
const ResultNumber* FindResultNumber(std::string_view name);

}  // namespace ofsweep
