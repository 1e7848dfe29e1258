#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/sweep_spec.h"
#include "experiment/trial_config.h"
#include "storage/store.h"

namespace ofsweep {

// What the coordinator has to remember of a specification once its trials are stored.
struct SweepSettings {
  // The keys that differ between trials, in the order of the specification.
  std::vector<std::string> varied;
  // What all of its trials have in common, as the specification says it.
  Overrides common;
  // train.device of all trials; none where they differ in it.
  std::optional<std::string> device;
  std::string file;  // that was submitted; "" for a program's message
  std::string spec_sha256;
};

SweepSettings ReadSweepSettings(const SweepSpec& spec, const std::string& file);
// Of a stored sweep, whose specification was checked when it was submitted.
SweepSettings SettingsOf(const SweepRow& row);

// What the trials of an arm have in common and no other trial of the sweep; keys that are inert there are left out. A
// path is relative to the submitted file where that is shorter.
Arm ArmOf(const SweepSettings& settings, const TrialConfig& config);

// "model.block=op seed=0": what sets a trial apart in the sweep that the row was listed with.
std::string TrialLabel(const SweepSettings& settings, const ResultRow& row);

// The flat configuration of a trial as that sweep has submitted it: of keys that are no part of what a trial is (those
// that are inert, the preset, the place of a file whose content is known) each sweep that shares it has values of its
// own. How it was trained (device, threads) is as the sweep that brought it first said, or an update since.
std::string OwnConfigJson(const SweepSettings& settings, const TrialRow& trial);

bool NeedsCuda(std::string_view device);

}  // namespace ofsweep
