#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // train.device of all trials; none where they differ in it.
  std::optional<std::string> device;
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

bool NeedsCuda(std::string_view device);

// The nested trial.json of a flat configuration. Internal when the text is no JSON object.
absl::StatusOr<std::string> TrialJson(const std::string& flat_config_json);

// Without its sweeps.
TrialInfo DescribeTrial(const TrialRow& row);

}  // namespace ofsweep
