#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corpus/input_content.h"
#include "experiment/data_input.h"
#include "experiment/trial_config.h"

namespace ofsweep {

// By the keys of their paths.
using FoundInputs = std::map<std::string_view, InputContent>;

// Reads what the trial's paths name beneath `roots`, as far as its bytes are not known from an earlier time (`cache`,
// of prepared corpora), and fills the fingerprint keys that are `auto`. Aborted where a path holds something else than
// the configuration says, or `expected`, by the fingerprint keys; else as ContentOf. Logs its progress.
absl::StatusOr<FoundInputs> FindInputs(std::span<const InputKeys> inputs, const Overrides& expected,
                                       const DataRoots& roots, const std::filesystem::path& cache, TrialConfig& config);

// Once the files of a configuration from FindInputs are open: one that is read where it lies, not prepared, may have
// been replaced in between. Aborted where it was.
absl::Status CheckOpened(std::span<const InputKeys> inputs, const DataRoots& roots, const std::filesystem::path& cache,
                         TrialConfig config);

// Tokens are read from the user's own file while a trial trains, so that writing into it would change what is learnt.
// (Corpora are read from what was prepared of them, initial weights once.)
class TokenWatch {
 public:
  // Of a configuration from FindInputs, before CheckOpened.
  TokenWatch(const TrialConfig& config, DataRoots roots, std::filesystem::path cache);

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
  const DataRoots roots_;
  const std::filesystem::path cache_;
  std::vector<Watched> files_;
};

}  // namespace ofsweep
