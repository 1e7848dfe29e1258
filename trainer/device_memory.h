#pragma once

#include "absl/status/status.h"
#include "experiment/trial_config.h"
#include "trainer/torch.h"

namespace ofsweep {

// Bytes of memory: of a GPU all it has, of the host what this process may use (host/memory.h).
double DeviceMemoryBytes(at::Device device);

// Of these what nobody uses now.
double FreeDeviceMemoryBytes(at::Device device);

// OutOfRange where the estimate of a training step (experiment/memory_estimate.h) is more than the device has,
// with what needs how much and which keys make it smaller. `config` as it was resolved for this machine.
absl::Status CheckItFits(const TrialConfig& config, at::Device device);

}  // namespace ofsweep
