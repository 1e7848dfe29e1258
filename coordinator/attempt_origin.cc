#include "coordinator/attempt_origin.h"

#include <nlohmann/json.hpp>

#include "experiment/resolved_keys.h"

namespace ofsweep {
namespace {

// The first of its kind stands for the others: a host has one model of GPU.
std::string ModelOf(std::string_view device, const std::vector<Device>& devices) {
  for (const Device& known : devices) {
    if (device.starts_with(known.kind)) return known.model;
  }
  return "";
}

}  // namespace

absl::StatusOr<FoundOrigin> ReadOrigin(const TrialRow& trial, const AttemptBeginning& begun,
                                       const WorkerReport& report) {
  const auto resolved = ResolvedKeys(trial.config_json, begun.config_json);
  if (!resolved.ok()) return resolved.status();
  std::vector<Problem> ignored;  // ResolvedKeys has met them
  const TrialConfig submitted = ParseTrialJson(trial.config_json, "", ignored);
  const TrialConfig trained = ParseTrialJson(begun.config_json, "", ignored);
  FoundOrigin found{.origin = {.resolved_json = resolved->dump(),
                               .data_fingerprint = DataFingerprint(trained),
                               .host = report.host,
                               .device = ModelOf(ToText(trained.Get("train.device")), report.devices),
                               .revision = begun.revision,
                               .left_out = begun.left_out}};
  for (const auto& [key, input] : OpenInputsOf(submitted)) {
    if (!trained.IsAuto(key)) found.open_inputs[input] = trained.Text(key);
  }
  return found;
}

}  // namespace ofsweep
