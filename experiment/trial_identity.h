#pragma once

#include "experiment/trial_config.h"
#include "experiment/trial_key.h"

namespace ofsweep {

// Whether a key's value tells this trial apart from others (CanonicalJson): not where it is inert, says only how to
// train, or stands for other keys; nor does the place of a file whose content is known.
bool IsPartOfIdentity(const TrialKey& key, const TrialConfig& config);

}  // namespace ofsweep
