#pragma once

#include "absl/status/status.h"
#include "experiment/memory_share.h"
#include "experiment/trial_config.h"
#include "trainer/machine_share.h"
#include "trainer/torch.h"

namespace ofsweep {

// Bytes of memory: of a GPU all it has, of the host what this process may use (host/memory.h).
double DeviceMemoryBytes(at::Device device);

// Of these what nobody uses now.
double FreeDeviceMemoryBytes(at::Device device);

// The trial's part of the device. On the host of what was free before any of these trials began, which the agent has
// seen; on a GPU of what is free, or of all it has where other slots may already be at work there.
MemoryShare ShareOfMemory(at::Device device, const MachineShare& share);

// OutOfRange where the trial's estimate (experiment/memory_estimate.h) is more than its share, with what needs how much
// and what would mend it. `config` as it was resolved for this machine.
absl::Status CheckItFits(const TrialConfig& config, const MemoryShare& share);

// The same of evaluating it without training.
absl::Status CheckItCanBeEvaluated(const TrialConfig& config, const MemoryShare& share);

}  // namespace ofsweep
