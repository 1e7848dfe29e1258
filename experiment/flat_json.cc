#include "experiment/flat_json.h"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace ofsweep {
namespace {

std::optional<Value> ReadValue(const TrialKey& key, const nlohmann::json& json) {
  if (key.type == KeyType::kPath) {
    if (!json.is_string()) return std::nullopt;
    return Value(json.get<std::string>());
  }
  absl::StatusOr<Value> value;
  if (json.is_array()) {
    std::vector<std::string> items;
    for (const auto& item : json) items.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    value = ParseValue(key, items);
  } else {
    value = ParseValue(key, json.is_string() ? json.get<std::string>() : json.dump());
  }
  if (!value.ok()) return std::nullopt;
  return *std::move(value);
}

void AppendEntry(std::string_view key, const Value& value, std::string& json) {
  json.append(json.empty() ? "{" : ",").append("\"").append(key).append("\":");
  AppendJson(value, json);
}

}  // namespace

std::optional<TrialConfig> ReadFlatJson(std::string_view json) {
  const nlohmann::json flat = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!flat.is_object()) return std::nullopt;
  static const TrialConfig kDefaults;
  TrialConfig config = kDefaults;
  for (const auto& [name, given] : flat.items()) {
    const TrialKey* key = FindTrialKey(name);
    if (key == nullptr) return std::nullopt;
    std::optional<Value> value = ReadValue(*key, given);
    if (!value) return std::nullopt;
    config.Set(name, *std::move(value));
  }
  return config;
}

std::string FlatJsonText(const TrialConfig& config) {
  std::string json;
  json.reserve(2048);
  for (const TrialKey& key : TrialKeys()) AppendEntry(key.name, config.Get(key.name), json);
  return json + "}";
}

std::string FlatJsonText(const Overrides& values) {
  std::string json;
  for (const auto& [key, value] : values) AppendEntry(key, value, json);
  return json.empty() ? "{}" : json + "}";
}

}  // namespace ofsweep
