#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "absl/status/statusor.h"
#include "cli/files.h"
#include "experiment/sweep_spec.h"
#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

struct SubmissionOptions {
  bool fresh = false;  // train anew what earlier sweeps hold
  // The workers are on this machine, so that the Python files here are theirs.
  bool workers_are_here = false;
  std::string cache;  // of prepared corpora; empty: the user's
};

// The fingerprints of what a sweep names here. What cannot be seen from here is named on `log`: the sweep's first
// attempt decides what it holds. So is the progress of reading large files.
Fingerprints SeenInputs(const SweepSpec& spec, const SubmissionOptions& options, std::ostream& log);

// The request that submits a sweep file, with the fingerprints of what it names here (SeenInputs).
v1::SubmitSweepRequest MakeSubmission(const SpecFile& file, const SubmissionOptions& options, std::ostream& log);

// What a coordinator will refuse, before anything is made for the file: InvalidArgument names every mistake, of a very
// large sweep only those that can be seen without expanding it.
absl::Status CheckFile(const SpecFile& file);

// What can be seen from here of the tokens that it names (token_input.h); other mistakes are left to the coordinator.
absl::Status CheckTokens(const SpecFile& file);

// What a coordinator says of a file that it only checks, but for the trials that its database has already.
absl::StatusOr<v1::SubmitSweepResponse> Validate(const SpecFile& file, std::ostream& log);

// Of a file that was submitted: how many combinations its trials came from (CountCombinations).
std::uint64_t CombinationsOf(const SpecFile& file);

}  // namespace ofsweep
