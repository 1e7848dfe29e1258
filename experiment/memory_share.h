#pragma once

#include <cstdint>
#include <string>

#include "experiment/trial_config.h"

namespace ofsweep {

// What one trial may take of its device's memory: of what there is for all that run side by side on it an equal part,
// however many of them there really are.
struct MemoryShare {
  double together = 0;  // bytes for all of them
  int slots = 1;        // how many may run side by side

  double Bytes() const { return together / slots; }
};

// How many such trials fit `bytes`.
std::int64_t RoomFor(const TrialConfig& config, std::int64_t micro_batch_size, double bytes);

// Why the trial cannot run in its share: what needs how much, what it may take, and which --slots or keys mend it; ""
// where it can. `config` as for EstimateMemory.
std::string WhyItsShareIsTooSmall(const TrialConfig& config, std::int64_t micro_batch_size, const MemoryShare& share);

// The same of evaluating its model without training it, which needs neither gradients nor an optimizer.
std::string WhyItCannotBeEvaluated(const TrialConfig& config, std::int64_t micro_batch_size, const MemoryShare& share);

}  // namespace ofsweep
