#include "experiment/data_input.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ofsweep {

std::string ToText(const DataInput& input) {
  return input.path.empty() ? "the Python files of the machine" : absl::StrCat(input.source, " ", input.path);
}

bool IsInput(const DataInput& input, const InputKeys& keys) {
  return !input.path.empty() || (keys.path == "data.path" && input.source == "python");
}

std::optional<DataInput> InputOf(const TrialConfig& config, const InputKeys& keys) {
  const bool is_weights = keys.path == "model.init_from";
  DataInput input{is_weights ? "safetensors" : config.Text("data.source"), config.Text(keys.path)};
  if (!IsInput(input, keys)) return std::nullopt;
  return input;
}

void SetFingerprints(const Fingerprints& known, TrialConfig& config) {
  if (known.empty()) return;
  for (const InputKeys& keys : kInputKeys) {
    if (!config.IsAuto(keys.fingerprint)) continue;
    const std::optional<DataInput> input = InputOf(config, keys);
    if (!input) continue;
    if (const auto found = known.find(*input); found != known.end()) config.Set(keys.fingerprint, found->second);
  }
}

bool HasOpenInput(const TrialConfig& config) {
  return std::any_of(kInputKeys.begin(), kInputKeys.end(), [&](const InputKeys& keys) {
    return config.IsAuto(keys.fingerprint) && InputOf(config, keys).has_value();
  });
}

std::string DataFingerprint(const TrialConfig& config) {
  if (HasOpenInput(config)) return "";
  std::string joined;
  for (const InputKeys& keys : kInputKeys) {
    if (config.IsAuto(keys.fingerprint)) continue;
    absl::StrAppend(&joined, joined.empty() ? "" : "+", config.Text(keys.fingerprint));
  }
  return joined;
}

TrialConfig WithoutFingerprints(TrialConfig config) {
  for (const InputKeys& keys : kInputKeys) config.Set(keys.fingerprint, std::string("auto"));
  return config;
}

}  // namespace ofsweep
