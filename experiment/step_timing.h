#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ofsweep {

// What `ofsweep-trainer time` measured of a few steps on random tokens.
struct StepTiming {
  std::string device;     // "cpu", "cuda:0"
  std::string precision;  // "fp32"
  std::int64_t threads = 0;
  std::int64_t rows = 0;                  // sequences in the measured pass: as many as take a fraction of a second
  double pass_seconds = 0;                // forward and backward pass of `rows`, median
  double optimizer_seconds = 0;           // one update; of SOAP the mean over the steps between two refreshes
  double step_seconds = 0;                // of a whole batch, from these
  std::int64_t peak_bytes = 0;            // of tensors, measured
  std::int64_t estimated_peak_bytes = 0;  // of these steps: MemoryEstimate::step, without measuring and evaluations
  std::int64_t device_bytes = 0;          // memory that the device has
};

// One JSON object on one line, without the newline.
std::string ToJsonLine(const StepTiming& timing);
absl::StatusOr<StepTiming> ParseStepTiming(std::string_view line);

}  // namespace ofsweep
