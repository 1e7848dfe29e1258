#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "coordinator/coordinator_types.h"
#include "experiment/metric_point.h"

namespace ofsweep {

// The newest values of the trials that run, for those who watch. Not stored: after a restart they come with the next
// points.
class LiveTrials {
 public:
  // Steps of one attempt, ascending. Steps older than the newest one known change nothing.
  void Update(const std::string& trial_id, const std::vector<StepPoints>& steps);
  void Forget(const std::string& trial_id) { trials_.erase(trial_id); }
  LiveValues Get(const std::string& trial_id) const;

 private:
  struct Live {
    LiveValues values;
    std::optional<double> seconds;  // of training at values.step
  };
  absl::flat_hash_map<std::string, Live> trials_;
};

}  // namespace ofsweep
