#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_config.h"
#include "trainer/inputs.h"
#include "trainer/token_file.h"

namespace ofsweep {

// The tokens of a trial. `validation` is empty where the trial keeps none.
struct Dataset {
  TokenRange train;
  TokenRange validation;
  std::int64_t vocabulary = 0;
  std::string fingerprint;  // equal for equal tokens
  LeftOutFiles left_out;    // of the corpus and of the validation corpus
};

// What `ofsweep-trainer prepare` made or found.
struct PreparedFiles {
  std::filesystem::path tokens;
  std::filesystem::path validation;  // empty where the tail of `tokens` is kept for validation
  LeftOutFiles left_out;             // when the corpora were found; the rest is in the files' sidecars
};

// The token files of a trial, of what FindInputs found. A python or text corpus is tokenised once per (source,
// contents, vocabulary, tokenizer version) into a folder of `cache` that all trials share: the first process works
// under a file lock, the others wait for it. FailedPrecondition where a file is not what was found. Logs its progress
// on standard error.
absl::StatusOr<PreparedFiles> PrepareDataset(const TrialConfig& config, const FoundInputs& found,
                                             const std::filesystem::path& cache);

// Prepares, maps and checks: the vocabulary, and that there is at least one window of model.context tokens to train on
// and, unless data.validation_fraction is 0, to validate on. PermissionDenied, FailedPrecondition, NotFound and
// DataLoss mean the data, InvalidArgument the configuration.
absl::StatusOr<Dataset> OpenDataset(const TrialConfig& config, const FoundInputs& found,
                                    const std::filesystem::path& cache);

}  // namespace ofsweep
