#pragma once

#include <string>
#include <vector>

#include "experiment/problem.h"
#include "experiment/sweep_spec.h"
#include "experiment/trial_config.h"

namespace ofsweep {

// What the sizes of prepared tokens say against them, so that a sweep is refused and not each of its trials; the
// trainer reads them, and checks the rest. Files that are not here are passed over: they may be where the workers are.

// Of the files that any trial of the sweep may read.
void CheckTokenFiles(const SweepSpec& spec, const std::string& file, std::vector<Problem>& problems);

// Of one trial, which needs a window of model.context + 1 tokens.
void CheckTokenFiles(const TrialConfig& config, const std::string& file, std::vector<Problem>& problems);

}  // namespace ofsweep
