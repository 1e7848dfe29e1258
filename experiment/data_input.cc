#include "experiment/data_input.h"

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

OpenInputs OpenInputsOf(const TrialConfig& config) {
  OpenInputs open;
  for (const InputKeys& keys : kInputKeys) {
    if (!config.IsAuto(keys.fingerprint)) continue;
    if (const std::optional<DataInput> input = InputOf(config, keys)) open.emplace(keys.fingerprint, *input);
  }
  return open;
}

void SetFingerprints(const Fingerprints& known, TrialConfig& config) {
  if (known.empty()) return;
  for (const auto& [key, input] : OpenInputsOf(config)) {
    if (const auto found = known.find(input); found != known.end()) config.Set(key, found->second);
  }
}

std::string DataFingerprint(const TrialConfig& config) {
  if (!OpenInputsOf(config).empty()) return "";
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
