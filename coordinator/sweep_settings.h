#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "absl/status/statusor.h"
#include "coordinator/coordinator_types.h"
#include "experiment/sweep_spec.h"
#include "experiment/trial_config.h"
#include "storage/store.h"

namespace ofsweep {

// What the coordinator has to remember of a specification once its trials are stored.
struct SweepSettings {
  // The keys that differ between trials, in the order of the specification.
  std::vector<std::string> label_keys;
  // The keys whose `auto` the machine of an attempt decides, as they were submitted; those that differ between trials
  // are not here.
  Overrides machine_keys;
  // Trials differ in train.device.
  bool varies_device = false;
};

SweepSettings ReadSweepSettings(const SweepSpec& spec);

// "model.block=op seed=0": the values of `keys` in a trial's flat configuration.
std::string TrialLabel(const std::vector<std::string>& keys, const std::string& flat_config_json);

// The same without the seed: what all trials of an arm have in common, and no other trial of the sweep.
std::string ArmLabel(const std::vector<std::string>& keys, const std::string& flat_config_json);

// That of a trial as it is submitted, with its keys.
Arm ArmOf(const std::vector<std::string>& keys, const TrialConfig& config);

// Every key of a trial as the flat JSON text that the store keeps.
std::string FlatJsonText(const TrialConfig& config);

bool NeedsCuda(const TrialConfig& config);
bool NeedsCuda(const nlohmann::ordered_json& flat);

// A stored trial as its sweep submitted it: flat, by dotted keys. An earlier attempt has replaced `auto` by what its
// machine made of it (the device, the precision); the next machine decides for itself. Internal when the text is no
// JSON object.
absl::StatusOr<nlohmann::ordered_json> ReadStoredTrial(const std::string& flat_config_json,
                                                       const SweepSettings& settings);

// The nested trial.json of a flat configuration.
std::string TrialJson(const nlohmann::ordered_json& flat);

// Without its sweeps.
TrialInfo DescribeTrial(const TrialRow& row);

}  // namespace ofsweep
