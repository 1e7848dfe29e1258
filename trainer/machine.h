#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "experiment/memory_share.h"
#include "experiment/trial_config.h"
#include "trainer/dataset.h"
#include "trainer/machine_share.h"
#include "trainer/torch.h"

namespace ofsweep {

// What a trial runs on.
struct Machine {
  at::Device device = at::kCPU;
  at::ScalarType precision = at::kFloat;
  MemoryShare memory;
};

// A model is evaluated in the precision that it was trained in, whatever `auto` would be on this machine.
// `checkpoint_config` is a flat JSON object; empty where there is no checkpoint.
void KeepPrecision(const std::string& checkpoint_config, TrialConfig& config);

// Gives each `auto` that depends on the machine or the data its value: train.device, train.precision, train.threads,
// train.micro_batch_size, model.vocabulary, data.token_type. A trial that continues keeps the
// precision and the micro-batches of `checkpoint_config` (a flat JSON object; empty for a fresh trial), which its
// numbers depend on. Also sets the process's threads; train.threads: auto is the share of the cores.
// train.checkpoint_every stays `auto`, which means by time. Unavailable for a device that is not here.
absl::StatusOr<Machine> ResolveForMachine(const Dataset& dataset, const std::string& checkpoint_config,
                                          const MachineShare& share, TrialConfig& config);

}  // namespace ofsweep
