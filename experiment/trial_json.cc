#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/override_reader.h"
#include "experiment/trial_config.h"

namespace ofsweep {

nlohmann::ordered_json ToFlatJson(const TrialConfig& config) {
  nlohmann::ordered_json flat = nlohmann::ordered_json::object();
  for (const TrialKey& key : TrialKeys()) flat[std::string(key.name)] = ToJson(config.Get(key.name));
  return flat;
}

nlohmann::ordered_json ToNestedJson(const TrialConfig& config) {
  nlohmann::ordered_json nested = nlohmann::ordered_json::object();
  for (const TrialKey& key : TrialKeys()) {
    const std::size_t dot = key.name.find('.');
    const nlohmann::ordered_json value = ToJson(config.Get(key.name));
    if (dot == std::string_view::npos) {
      nested[std::string(key.name)] = value;
    } else {
      nested[std::string(key.name.substr(0, dot))][std::string(key.name.substr(dot + 1))] = value;
    }
  }
  return nested;
}

Overrides ParseOverrides(std::string_view json, const std::string& file, std::vector<Problem>& problems) {
  try {
    return OverrideReader(file, problems).ReadOverrides(YAML::Load(std::string(json)));
  } catch (const YAML::Exception& error) {
    problems.push_back({file, error.mark.line + 1, "", absl::StrCat("is not JSON: ", error.msg), ""});
    return {};
  }
}

TrialConfig ParseTrialJson(std::string_view text, const std::string& file, std::vector<Problem>& problems) {
  const std::size_t before = problems.size();
  const Overrides overrides = ParseOverrides(text, file, problems);
  if (problems.size() > before) return {};
  TrialConfig config = TrialConfig::FromOverrides(overrides);
  ResolveAuto(config);
  for (Problem& problem : CheckTrial(config, file)) problems.push_back(std::move(problem));
  return config;
}

}  // namespace ofsweep
