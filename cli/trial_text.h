#pragma once

#include <string>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// The label; of a trial of a sweep that varies nothing, which has none, the id.
template <class Trial>
const std::string& NameOf(const Trial& trial) {
  return trial.label().empty() ? trial.trial_id() : trial.label();
}

// Why a trial is as it is: what made it diverge, how it failed, or what it waits for; "" where there is nothing to say.
std::string WhyItIsSo(const v1::Trial& trial, const std::string& failure_message);

// The fingerprint of what a trial read; "" before that is known; in words where nobody will: of what a version trained
// that looked at no data, so that it is shared with no sweep.
std::string DataOf(const v1::Trial& trial);

// The threads that its trainer took; "" before it has begun, and where that is not known.
std::string ThreadsOf(const v1::Trial& trial);

// `ofsweep show SWEEP TRIAL`: what the trial is, how it went, and each of its attempts.
std::string RenderTrial(const v1::GetTrialResponse& answer);

}  // namespace ofsweep
