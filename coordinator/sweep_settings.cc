#include "coordinator/sweep_settings.h"

#include <filesystem>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/flat_json.h"
#include "experiment/trial_identity.h"
#include "experiment/trial_key.h"
#include "experiment/value.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void AddLabel(const std::string& key, const Json& value, std::string& label) {
  absl::StrAppend(&label, label.empty() ? "" : " ", key, "=", TextOfJson(value));
}

// A path as people write it beside the submitted file, where that is shorter.
Json AsWritten(const TrialKey& key, const Value& value, const std::string& file) {
  if (key.type != KeyType::kPath || file.empty()) return ToJson(value);
  const std::string& path = std::get<std::string>(value);
  const std::string relative = fs::path(path).lexically_relative(fs::path(file).parent_path()).string();
  return relative.empty() || relative.size() >= path.size() ? path : relative;
}

}  // namespace

SweepSettings ReadSweepSettings(const SweepSpec& spec, const std::string& file) {
  SweepSettings settings{.varied = {}, .common = spec.trial, .device = {}, .file = file, .spec_sha256 = {}};
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
      const bool is_constant = values.size() < 2 && points[key] == axis.points.size();
      if (is_constant) {
        settings.common.insert_or_assign(key, axis.points.front().find(key)->second);
      } else if (varied.insert(key).second) {
        settings.varied.push_back(key);
      }
    }
  }
  if (!varied.contains("train.device")) {
    const auto given = settings.common.find("train.device");
    settings.device =
        ToText(given != settings.common.end() ? given->second : DefaultValue(*FindTrialKey("train.device")));
  }
  return settings;
}

SweepSettings SettingsOf(const SweepRow& row) {
  std::vector<Problem> ignored;  // whether its paths can be found does not count any more
  SweepSettings settings = ReadSweepSettings(ParseSweepSpec(row.spec, row.file, ignored), row.file);
  settings.spec_sha256 = row.spec_sha256;
  return settings;
}

Arm ArmOf(const SweepSettings& settings, const TrialConfig& config) {
  Json values = Json::object();
  Arm arm;
  for (const std::string& key : settings.varied) {
    if (key == "seed" || config.IsInert(*FindTrialKey(key))) continue;
    values[key] = AsWritten(*FindTrialKey(key), config.Get(key), settings.file);
    AddLabel(key, values[key], arm.label);
  }
  arm.keys_json = values.dump();
  return arm;
}

std::string TrialLabel(const SweepSettings& settings, const ResultRow& row) {
  const Json arm = Json::parse(row.trial.arm.keys_json);
  std::string label;
  for (const std::string& key : settings.varied) {
    if (key == "seed") {
      const auto seed = row.values.find(key);
      if (seed != row.values.end()) AddLabel(key, static_cast<std::int64_t>(seed->second), label);
    } else if (const auto value = arm.find(key); value != arm.end()) {
      AddLabel(key, *value, label);
    }
  }
  return label;
}

std::string OwnConfigJson(const SweepSettings& settings, const TrialRow& trial) {
  const std::optional<TrialConfig> stored = ReadFlatJson(trial.config_json);
  if (!stored) return trial.config_json;
  std::vector<Problem> ignored;  // it was checked when it was submitted
  Overrides overrides = settings.common;
  for (auto& [key, value] : ParseOverrides(trial.arm.keys_json, settings.file, ignored)) {
    overrides.insert_or_assign(key, std::move(value));
  }
  TrialConfig own = TrialConfig::FromOverrides(overrides);
  ResolveAuto(own);
  Json config = Json::parse(trial.config_json);
  for (const TrialKey& key : TrialKeys()) {
    if (!IsPartOfIdentity(key, *stored) && key.identity != Identity::kOperation) {
      config[std::string(key.name)] = ToJson(own.Get(key.name));
    }
  }
  return config.dump();
}

bool NeedsCuda(std::string_view device) {
  return device.starts_with("cuda");
}

}  // namespace ofsweep
