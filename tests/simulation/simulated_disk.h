#pragma once

#include <map>
#include <string>
#include <vector>

#include "coordinator/scheduler.h"

namespace ofsweep {

// What the store would hold: the scheduler's decisions, applied in their order, as Store's contract says.
class SimulatedDisk {
 public:
  void InsertSweep(const std::string& name, const std::vector<NewTrial>& trials, TimeMs now);
  void ApplySweeps(const Decision& decision);
  void ApplyTrials(const Decision& decision);

  // What a coordinator that starts now reads.
  std::vector<StoredSweep> Load() const;
  const StoredTrial& trial(const std::string& trial_id) const { return trials_.at(trial_id); }

 private:
  struct Sweep {
    std::string name;
    SweepState state;
    TimeMs submitted_at;
    std::vector<std::string> trial_ids;
  };
  std::vector<Sweep> sweeps_;
  std::map<std::string, StoredTrial> trials_;
};

}  // namespace ofsweep
