#include "cli/fleet_text.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"
#include "cli/hint.h"

namespace ofsweep {
namespace {

// "2 × NVIDIA H100 80GB HBM3": of those beside the processor, if there are any.
std::string Devices(const v1::Worker& worker) {
  std::map<std::string, int> models;
  const bool has_gpu = std::any_of(worker.devices().begin(), worker.devices().end(),
                                   [](const v1::WorkerDevice& device) { return device.kind() != "cpu"; });
  for (const v1::WorkerDevice& device : worker.devices()) {
    if (has_gpu && device.kind() == "cpu") continue;
    ++models[device.model().empty() ? device.kind() : device.model()];
  }
  return absl::StrJoin(models, ", ", [](std::string* out, const auto& model) {
    absl::StrAppend(out, model.second > 1 ? absl::StrCat(model.second, " × ") : "", model.first);
  });
}

std::string State(const v1::Worker& worker) {
  if (!worker.connected()) return absl::StrCat("silent since ", FormatTime(worker.last_seen().seconds()));
  if (!worker.quarantine_reason().empty()) return absl::StrCat("in quarantine: ", worker.quarantine_reason());
  if (worker.has_stops_at()) return absl::StrCat("connected, stops at ", FormatTime(worker.stops_at().seconds()));
  return "connected";
}

}  // namespace

std::string RenderWorkers(const v1::ListWorkersResponse& workers, const ConnectionOptions& where) {
  if (workers.workers().empty()) {
    return RepeatOptions("no worker is connected; start one with `ofsweep worker`\n", where);
  }
  std::vector<std::vector<std::string>> lines = {
      {"WORKER", "HOST", "BUSY", "DEVICES", "UNSENT POINTS", "STATE", "TRIALS"}};
  for (const v1::Worker& worker : workers.workers()) {
    lines.push_back({worker.worker_id(), worker.host(), absl::StrCat(worker.busy(), "/", worker.slots()),
                     Devices(worker), FormatNumber(worker.unsent_points()), State(worker),
                     absl::StrJoin(worker.trial_ids(), " ")});
  }
  return AlignColumns(lines);
}

}  // namespace ofsweep
