#include "experiment/memory_share.h"

#include "absl/strings/str_cat.h"
#include "experiment/memory_advice.h"
#include "experiment/memory_estimate.h"

namespace ofsweep {

std::int64_t RoomFor(const TrialConfig& config, std::int64_t micro_batch_size, double bytes) {
  return static_cast<std::int64_t>(bytes / EstimateMemory(config, micro_batch_size).peak);
}

std::string WhyItsShareIsTooSmall(const TrialConfig& config, std::int64_t micro_batch_size, const MemoryShare& share) {
  const MemoryEstimate needs = EstimateMemory(config, micro_batch_size);
  if (needs.peak <= share.Bytes()) return "";
  const bool gpu = config.Text("train.device").starts_with("cuda");
  const std::string needed = absl::StrCat("the trial needs ", MemoryByPart(needs));
  const std::string less = HowToNeedLess(config, share.Bytes());
  if (share.slots == 1) {
    return absl::StrCat(needed, "; this ", gpu ? "GPU" : "machine", " has ", Gigabytes(share.together),
                        " free: ", less);
  }
  const std::int64_t fit = RoomFor(config, micro_batch_size, share.together);
  // On GPUs --slots counts those of all of them.
  const std::string with_more = gpu ? absl::StrCat(" on a worker with one GPU (", 2 * fit, " with two)") : "";
  const std::string fewer = fit == 0 ? "" : absl::StrCat("use --slots ", fit, with_more, ", or ");
  return absl::StrCat(needed, "; its share of this ", gpu ? "GPU" : "worker", " is ", Gigabytes(share.Bytes()), " (",
                      Gigabytes(share.together), gpu ? " / " : " free / ", share.slots, " slots): ", fewer, less);
}

std::string WhyItCannotBeEvaluated(const TrialConfig& config, std::int64_t micro_batch_size, const MemoryShare& share) {
  const double needs = BytesToEvaluate(config, micro_batch_size);
  if (needs <= share.Bytes()) return "";
  const char* device = config.Text("train.device").starts_with("cuda") ? "GPU" : "machine";
  const double least = BytesToEvaluate(config, 1);
  const std::string mend = least <= share.Bytes()
                               ? absl::StrCat("set train.micro_batch_size: 1, which needs ", Gigabytes(least))
                               : "free some, or evaluate it on a larger one";
  return absl::StrCat("evaluating needs ", Gigabytes(needs), ", and may take ", Gigabytes(share.Bytes()), " of this ",
                      device, ": ", mend);
}

}  // namespace ofsweep
