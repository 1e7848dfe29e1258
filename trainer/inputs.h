#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "experiment/data_input.h"
#include "experiment/trial_config.h"

namespace ofsweep {

// Reads what the trial's paths name, as far as its bytes are not known from an earlier time (`cache`, of prepared
// corpora), and fills the fingerprint keys that are `auto`. Aborted where a path holds something else than the
// configuration says, or `expected`, by the fingerprint keys; else as FingerprintOf. Logs its progress.
absl::Status ResolveFingerprints(const Overrides& expected, const std::filesystem::path& cache, TrialConfig& config);

// Tokens are read from the user's own file while a trial trains, so that writing into it would change what is learnt.
// (Corpora are read from what was prepared of them, initial weights once.)
class TokenWatch {
 public:
  // Of a configuration whose fingerprints are filled, before the files are opened.
  TokenWatch(const TrialConfig& config, std::filesystem::path cache);

  // FailedPrecondition where a file was written into since then and holds something else. A file that was moved away or
  // replaced by another one is still the one that is read.
  absl::Status Check() const;

 private:
  struct Watched {
    InputKeys keys;
    DataInput input;
    std::string fingerprint;
    struct stat before;
  };
  const std::filesystem::path cache_;
  std::vector<Watched> files_;
};

}  // namespace ofsweep
