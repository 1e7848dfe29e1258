#include "experiment/resolved_keys.h"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/trial_config.h"

namespace ofsweep {

absl::StatusOr<nlohmann::ordered_json> ResolvedKeys(std::string_view submitted, std::string_view trained) {
  std::vector<Problem> problems;
  const Overrides before = ParseOverrides(submitted, "", problems), after = ParseOverrides(trained, "", problems);
  nlohmann::ordered_json resolved = nlohmann::ordered_json::object();
  for (const TrialKey& key : TrialKeys()) {
    const auto value = after.find(key.name);
    if (value == after.end()) continue;
    // A trial of an earlier version has its later keys at their defaults.
    const auto was = before.find(key.name);
    const Value& given = was == before.end() ? DefaultValue(key) : was->second;
    if (value->second == given) continue;
    if (ToText(given) != "auto" && key.identity != Identity::kOperation) {
      problems.push_back(
          {.key = std::string(key.name),
           .message = absl::StrCat("was submitted as ", ToText(given), " and trained as ", ToText(value->second))});
    }
    resolved[std::string(key.name)] = ToJson(value->second);
  }
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));
  return resolved;
}

}  // namespace ofsweep
