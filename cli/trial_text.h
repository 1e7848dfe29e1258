#pragma once

#include <string>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// `ofsweep show SWEEP TRIAL`: what the trial is, how it went, and each of its attempts.
std::string RenderTrial(const v1::GetTrialResponse& trial);

}  // namespace ofsweep
