#include "experiment/memory_advice.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace ofsweep {
namespace {

// Three digits, no zeros at the end.
std::string ThreeDigits(double number) {
  const int decimals = number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  std::string text = absl::StrFormat("%.*f", decimals, number);
  if (decimals > 0) text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// The most layers with which the trial fits, one sequence at a time; 0 where not even one layer does.
std::int64_t MostLayers(TrialConfig config, double bytes) {
  std::int64_t fits = 0;
  std::int64_t too_many = config.Integer("model.layers");
  while (too_many - fits > 1) {
    const std::int64_t middle = fits + (too_many - fits) / 2;
    config.Set("model.layers", middle);
    (EstimateMemory(config, 1).peak <= bytes ? fits : too_many) = middle;
  }
  return fits;
}

}  // namespace

std::string Gigabytes(double bytes) {
  if (bytes < 999.5) return absl::StrCat(ThreeDigits(bytes), " bytes");
  if (bytes < 0.9995e6) return absl::StrCat(ThreeDigits(bytes / 1e3), " kB");
  if (bytes < 0.9995e9) return absl::StrCat(ThreeDigits(bytes / 1e6), " MB");
  if (bytes < 0.9995e12) return absl::StrCat(ThreeDigits(bytes / 1e9), " GB");
  return absl::StrCat(ThreeDigits(bytes / 1e12), " TB");
}

std::string MemoryByPart(const MemoryEstimate& memory) {
  std::vector<std::string> parts;
  for (const MemoryPart& part : kMemoryParts) {
    const double bytes = memory.*part.bytes;
    if (bytes > 0) parts.push_back(absl::StrCat(std::string(part.name), " ", Gigabytes(bytes)));
  }
  return absl::StrCat(Gigabytes(memory.peak), " ", std::string(memory.peak_when), " (", absl::StrJoin(parts, ", "),
                      ")");
}

std::string HowToNeedLess(const TrialConfig& config, double bytes) {
  const Overrides recomputed = {{"train.activation_checkpointing", true}};
  Overrides unquantised;  // what is off already is no advice
  if (config.Boolean("evaluate.int8")) unquantised["evaluate.int8"] = false;
  if (!config.List("evaluate.bits").empty()) unquantised["evaluate.bits"] = std::vector<std::string>{};
  Overrides both = recomputed;
  both.insert(unquantised.begin(), unquantised.end());
  for (const Overrides& way : {Overrides{}, recomputed, unquantised, both}) {
    TrialConfig cheaper = config;
    std::string keys;
    for (const auto& [key, value] : way) {
      cheaper.Set(key, value);
      absl::StrAppend(&keys, key, ": ", ToText(value), " and ");
    }
    if (const auto rows = LargestMicroBatch(cheaper, bytes)) {
      return absl::StrCat("set ", keys, "train.micro_batch_size: ", *rows, ", which needs ",
                          Gigabytes(EstimateMemory(cheaper, *rows).peak));
    }
  }
  std::vector<std::string> ways;
  if (config.Text("optimizer.name") == "soap") {
    TrialConfig adam = config;
    adam.Set("optimizer.name", std::string("adam"));
    ways.push_back(absl::StrCat("optimizer.name: adam needs ", Gigabytes(EstimateMemory(adam, 1).peak),
                                ", and a smaller optimizer.max_preconditioner_dim something between"));
  }
  TrialConfig trained_only = config;
  for (const auto& [key, value] : unquantised) trained_only.Set(key, value);
  const std::int64_t layers = MostLayers(trained_only, bytes);
  const char* without = layers > MostLayers(config, bytes) ? ", without an evaluation after rounding" : "";
  ways.push_back(layers > 0
                     ? absl::StrCat("model.layers: ", layers, " is the most that fits at this model.width", without)
                     : "reduce model.width: not even model.layers: 1 fits");
  return absl::StrCat("train.micro_batch_size: 1 still needs ", Gigabytes(EstimateMemory(config, 1).peak), "; ",
                      absl::StrJoin(ways, "; "));
}

}  // namespace ofsweep
