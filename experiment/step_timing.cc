#include "experiment/step_timing.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace ofsweep {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StepTiming, device, precision, threads, rows, pass_seconds, optimizer_seconds,
                                   step_seconds, peak_bytes, estimated_peak_bytes, device_bytes)

std::string ToJsonLine(const StepTiming& timing) {
  return nlohmann::json(timing).dump();
}

absl::StatusOr<StepTiming> ParseStepTiming(std::string_view line) {
  try {
    return nlohmann::json::parse(line).get<StepTiming>();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("no step timing: ", error.what()));
  }
}

}  // namespace ofsweep
