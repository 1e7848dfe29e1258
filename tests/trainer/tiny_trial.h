#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/temporary_folder.h"

namespace ofsweep {

// A trial of 24 steps that takes a fraction of a second: 2 layers × 16 on the tokens of tests/reference/training,
// float32. It has everything that a checkpoint must carry: dropout, micro-batches, evaluations in between.
nlohmann::json TinyTrial();

// Writes trial.json below the folder; returns its path.
std::string WriteTrial(const TemporaryFolder& folder, const nlohmann::json& trial);

}  // namespace ofsweep
