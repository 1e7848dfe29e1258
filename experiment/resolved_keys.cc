#include "experiment/resolved_keys.h"

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

using Json = nlohmann::json;

absl::StatusOr<Value> ReadValue(const TrialKey& key, const Json& json) {
  if (json.is_string()) return ParseValue(key, json.get<std::string>());
  if (json.is_number() || json.is_boolean()) return ParseValue(key, json.dump());
  const bool is_list =
      json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& x) { return x.is_string(); });
  if (is_list) return ParseValue(key, json.get<std::vector<std::string>>());
  return absl::InvalidArgumentError(absl::StrCat("expected ", AcceptedValues(key), ", got ", Quoted(json.dump())));
}

absl::Status OfKey(std::string_view key, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(key), ": ", what));
}

}  // namespace

absl::StatusOr<nlohmann::ordered_json> ResolvedKeys(std::string_view submitted, std::string_view trained) {
  const Json before = Json::parse(submitted, nullptr, /*allow_exceptions=*/false);
  const Json after = Json::parse(trained, nullptr, /*allow_exceptions=*/false);
  if (!before.is_object() || !after.is_object()) return absl::InvalidArgumentError("is no JSON object");
  for (const auto& [name, value] : after.items()) {
    if (FindTrialKey(name) == nullptr) return OfKey(name, "is no key of a trial");
  }
  nlohmann::ordered_json resolved = nlohmann::ordered_json::object();
  for (const TrialKey& key : TrialKeys()) {
    if (!after.contains(key.name)) continue;
    const absl::StatusOr<Value> value = ReadValue(key, after[key.name]);
    if (!value.ok()) return OfKey(key.name, std::string(value.status().message()));
    // A trial of an earlier version has its later keys at their defaults.
    const absl::StatusOr<Value> was = before.contains(key.name) ? ReadValue(key, before[key.name]) : DefaultValue(key);
    if (!was.ok()) return OfKey(key.name, std::string(was.status().message()));
    if (*value == *was) continue;
    if (ToText(*was) != "auto" && key.identity != Identity::kOperation) {
      return OfKey(key.name, absl::StrCat("was submitted as ", ToText(*was), " and trained as ", ToText(*value)));
    }
    resolved[std::string(key.name)] = ToJson(*value);
  }
  return resolved;
}

}  // namespace ofsweep
