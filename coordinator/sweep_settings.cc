#include "coordinator/sweep_settings.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

template <class Json>
std::string LabelValue(const Json& value) {
  if (value.is_string()) return value.template get<std::string>();
  if (value.is_number_float()) return ShortestNumber(value.template get<double>());
  return value.dump();
}

}  // namespace

SweepSettings ReadSweepSettings(const SweepSpec& spec) {
  SweepSettings settings;
  std::set<std::string, std::less<>> varied;
  for (const Axis& axis : spec.axes) {
    // A key that one point of the axis leaves out has its default there.
    std::map<std::string, std::set<std::string>> texts;
    std::map<std::string, std::size_t> points;
    for (const Overrides& point : axis.points) {
      for (const auto& [key, value] : point) {
        texts[key].insert(ToText(value));
        ++points[key];
      }
    }
    for (const auto& [key, values] : texts) {
      if (values.size() < 2 && points[key] == axis.points.size()) continue;
      if (varied.insert(key).second) settings.label_keys.push_back(key);
    }
  }
  if (!varied.contains("train.device")) {
    const auto given = spec.trial.find("train.device");
    settings.device = ToText(given != spec.trial.end() ? given->second : DefaultValue(*FindTrialKey("train.device")));
  }
  return settings;
}

std::string TrialLabel(const std::vector<std::string>& keys, const std::string& flat_config_json) {
  const nlohmann::json config = nlohmann::json::parse(flat_config_json, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return "";
  std::string label;
  for (const std::string& key : keys) {
    const auto value = config.find(key);
    if (value == config.end()) continue;
    absl::StrAppend(&label, label.empty() ? "" : " ", key, "=", LabelValue(*value));
  }
  return label;
}

std::string ArmLabel(const std::vector<std::string>& keys, const std::string& flat_config_json) {
  std::vector<std::string> without_seed = keys;
  std::erase(without_seed, "seed");
  return TrialLabel(without_seed, flat_config_json);
}

Arm ArmOf(const std::vector<std::string>& keys, const TrialConfig& config) {
  nlohmann::ordered_json values = nlohmann::ordered_json::object();
  for (const std::string& key : keys) {
    if (key != "seed") values[key] = ToJson(config.Get(key));
  }
  std::string json = values.dump();
  std::string label = ArmLabel(keys, json);
  return {.keys_json = std::move(json), .label = std::move(label)};
}

std::string FlatJsonText(const TrialConfig& config) {
  std::string json = "{";
  json.reserve(2048);
  for (const TrialKey& key : TrialKeys()) {
    if (json.size() > 1) json += ',';
    json.append("\"").append(key.name).append("\":");
    AppendJson(config.Get(key.name), json);
  }
  json += '}';
  return json;
}

bool NeedsCuda(std::string_view device) {
  return device.starts_with("cuda");
}

absl::StatusOr<std::string> TrialJson(const std::string& flat_config_json) {
  const auto flat = nlohmann::ordered_json::parse(flat_config_json, nullptr, /*allow_exceptions=*/false);
  if (!flat.is_object()) return absl::InternalError("the stored configuration is no JSON object");
  nlohmann::ordered_json nested = nlohmann::ordered_json::object();
  for (const auto& [key, value] : flat.items()) {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) {
      nested[key] = value;
    } else {
      nested[key.substr(0, dot)][key.substr(dot + 1)] = value;
    }
  }
  return nested.dump();
}

TrialInfo DescribeTrial(const TrialRow& row) {
  const nlohmann::json flat = nlohmann::json::parse(row.config_json, nullptr, /*allow_exceptions=*/false);
  const auto text = [&](const char* key) { return flat.contains(key) ? LabelValue(flat[key]) : std::string(); };
  TrialInfo info;
  info.trial_id = row.trial_id;
  info.block = text("model.block");
  info.optimizer = text("optimizer.name");
  info.learning_rate = text("optimizer.learning_rate");
  info.seed = text("seed");
  info.step = row.step;
  info.tokens = row.tokens;
  info.target_steps = row.target_steps;
  return info;
}

}  // namespace ofsweep
