#pragma once

#include <string>
#include <vector>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// False where the trial's train.checkpoint_every is 0: what it has learnt ends with its process.
bool WritesCheckpoints(const v1::Trial& trial);

// What `run` says of the trials that run when it is stopped: what they do now, and what the next call finds of them.
struct StopText {
  std::string stopping;
  std::string stopped;
};
StopText DescribeStop(const std::vector<v1::Trial>& running);

}  // namespace ofsweep
