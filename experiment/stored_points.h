#pragma once

#include <cstdint>

#include "experiment/trial_config.h"

namespace ofsweep {

// How many points a trial that is trained to its end leaves in the database: a value of a series at a step each, tokens
// and seconds included. `config` must be resolved.
std::int64_t StoredPoints(const TrialConfig& config);

// What a point takes in the database's file when its trial has ended, and a trial besides its points, in bytes.
// tests/storage/stored_bytes_test.cc measures both.
inline constexpr double kStoredPointBytes = 24;
inline constexpr double kStoredTrialBytes = 2560;

}  // namespace ofsweep
