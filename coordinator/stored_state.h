#pragma once

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "coordinator/agreed_inputs.h"
#include "coordinator/scheduler.h"
#include "coordinator/sweep_settings.h"
#include "storage/store.h"

namespace ofsweep {

using SettingsBySweep = absl::flat_hash_map<std::string, std::shared_ptr<const SweepSettings>>;

// All that decisions rest on.
struct StoredState {
  Scheduler scheduler;
  SettingsBySweep settings;
  AgreedInputs agreed_inputs;
};

// Reads it, and stores the ends of sweeps that have nothing left to train.
absl::StatusOr<StoredState> LoadState(Store& store, const SchedulerOptions& options, TimeMs now);

}  // namespace ofsweep
