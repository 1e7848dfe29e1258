#pragma once

#include <filesystem>

#include "absl/status/status.h"
#include "experiment/trial_config.h"

namespace ofsweep {

// Reads what the trial's paths name, as far as its bytes are not known from an earlier time (`cache`, of prepared
// corpora), and fills the fingerprint keys that are `auto`. Aborted where a path holds something else than the
// configuration says, or `expected`, by the fingerprint keys; else as FingerprintOf. Logs its progress.
absl::Status ResolveFingerprints(const Overrides& expected, const std::filesystem::path& cache, TrialConfig& config);

}  // namespace ofsweep
