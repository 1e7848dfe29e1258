#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "experiment/trial_config.h"
#include "trainer/named_tensor.h"

namespace ofsweep {

// Readers of tests/reference. They throw when a file is not as its README says.

std::filesystem::path ReferenceFolder();
nlohmann::json ReadJson(const std::filesystem::path& path);

// A number; the texts "nan", "inf" and "-inf" are read as such.
double NumberOf(const nlohmann::json& value);
// A flat array of numbers as a float64 tensor.
at::Tensor TensorOf(const nlohmann::json& values, at::IntArrayRef shape);

TensorMap ReadTensors(const std::filesystem::path& safetensors);
// Little-endian uint16.
std::vector<std::int64_t> ReadTokens(const std::filesystem::path& path);

// trial.json, resolved.
TrialConfig ReadTrial(const std::filesystem::path& path);

// NaN equals NaN and an infinity itself; otherwise |a − b| ≤ absolute + relative·|b|.
bool Close(double actual, double expected, double relative, double absolute);

}  // namespace ofsweep
