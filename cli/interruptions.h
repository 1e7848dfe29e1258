#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// Tells in words what became of trials that stop running without having ended, from the messages of WatchSweep: "lost
// model.block=op  on gpu-1 at step 120", and "again      model.block=op  on gpu-2". Without it they would vanish from a
// display and come back, and nobody would know why.
class Interruptions {
 public:
  // The newest attempt of a trial that has an end; none where it cannot be asked for.
  using LastAttempt = std::function<std::optional<v1::Attempt>(const std::string& trial_id)>;

  // The lines that a message adds.
  std::vector<std::string> Update(const v1::WatchSweepResponse& message, const LastAttempt& last_attempt);

 private:
  std::map<std::string, v1::TrialProgress> running_;  // by trial id, as of the last message
  std::map<std::string, std::string> waiting_;        // trials that stopped and wait to run again, with their workers
};

// The newest attempt that has ended, of what GetTrial answers.
std::optional<v1::Attempt> LastEnded(const v1::GetTrialResponse& trial);

}  // namespace ofsweep
