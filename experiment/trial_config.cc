#include "experiment/trial_config.h"

#include <stdexcept>

#include "experiment/choices.h"
#include "experiment/preset.h"

namespace ofsweep {
namespace {

template <class Type>
const Type& Typed(const Value& value, std::string_view key) {
  if (const auto* typed = std::get_if<Type>(&value)) return *typed;
  throw std::logic_error("trial key " + std::string(key) + " holds " + ToText(value) + ", not the type asked for");
}

}  // namespace

TrialConfig::TrialConfig() {
  for (const TrialKey& key : TrialKeys()) values_.push_back(DefaultValue(key));
}

TrialConfig TrialConfig::FromOverrides(const Overrides& overrides) {
  static const TrialConfig defaults;
  TrialConfig config = defaults;
  const auto preset = overrides.find("model.preset");
  if (preset != overrides.end()) config.Set(preset->first, preset->second);
  for (const auto& [key, value] : PresetOverrides(config.Text("model.preset"))) config.Set(key, value);
  for (const auto& [key, value] : overrides) config.Set(key, value);
  return config;
}

const Value& TrialConfig::Get(std::string_view key) const {
  return values_[TrialKeyIndex(key)];
}

void TrialConfig::Set(std::string_view key, Value value) {
  values_[TrialKeyIndex(key)] = std::move(value);
}

bool TrialConfig::Boolean(std::string_view key) const {
  return Typed<bool>(Get(key), key);
}

std::int64_t TrialConfig::Integer(std::string_view key) const {
  return Typed<std::int64_t>(Get(key), key);
}

double TrialConfig::Number(std::string_view key) const {
  return Typed<double>(Get(key), key);
}

const std::string& TrialConfig::Text(std::string_view key) const {
  return Typed<std::string>(Get(key), key);
}

const std::vector<std::string>& TrialConfig::List(std::string_view key) const {
  return Typed<std::vector<std::string>>(Get(key), key);
}

bool TrialConfig::IsAuto(std::string_view key) const {
  const auto* text = std::get_if<std::string>(&Get(key));
  return text != nullptr && *text == "auto" && FindTrialKey(key)->accepts_auto;
}

bool TrialConfig::IsInert(const TrialKey& key) const {
  return !key.applies.key.empty() && !IsOneOf(ToText(Get(key.applies.key)), key.applies.values);
}

}  // namespace ofsweep
