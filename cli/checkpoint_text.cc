#include "cli/checkpoint_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ofsweep {

bool WritesCheckpoints(const v1::Trial& trial) {
  const auto& config = trial.config().fields();
  const auto every = config.find("train.checkpoint_every");
  if (every == config.end()) return true;
  return every->second.kind_case() != google::protobuf::Value::kNumberValue || every->second.number_value() != 0;
}

StopText DescribeStop(const std::vector<v1::Trial>& running) {
  const auto lost =
      running.size() - static_cast<std::size_t>(std::count_if(running.begin(), running.end(), WritesCheckpoints));
  if (lost == 0) {
    return {"running trials write their checkpoints",
            "Nothing is lost: the same command continues from the checkpoints"};
  }
  const char* why = "train.checkpoint_every: 0 writes no checkpoints";
  if (lost == running.size()) {
    return {absl::StrCat("what running trials have learnt is lost, because ", why),
            absl::StrCat("Trials that ran begin anew, because ", why, "; the same command continues with them")};
  }
  const std::string some = absl::StrCat(lost, " of ", running.size());
  return {absl::StrCat("running trials write their checkpoints; what ", some, " have learnt is lost, because ", why),
          absl::StrCat(some, " trials that ran begin anew, because ", why,
                       "; the same command continues with them, and with the others from their checkpoints")};
}

}  // namespace ofsweep
