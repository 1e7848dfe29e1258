#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/submitted_trial.h"
#include "coordinator/sweep_settings.h"
#include "experiment/problem.h"
#include "experiment/sweep_spec.h"
#include "monitoring/byte_room.h"

namespace ofsweep {

// What all sweeps that are expanded at once may take of memory: a sweep of kMaxTrials that sets few keys, and room for
// others beside it.
inline constexpr std::size_t kExpansionBytes = std::size_t{4} << 30;

// Every trial of a sweep that arrives; `share` grows with them. The mistakes are in `problems`, and in words in the
// status: InvalidArgument, or ResourceExhausted where there are too many trials, or no room for them. Cancelled once
// `is_cancelled` says so.
absl::StatusOr<std::vector<SubmittedTrial>> ExpandSubmission(
    const SweepSpec& spec, const SweepSettings& settings, std::vector<Problem>& problems, ByteRoom::Share& share,
    const std::function<bool()>& is_cancelled = [] { return false; });

// Why a sweep's trials are others than those that are submitted under its name: "it was submitted with --set
// train.steps=100, this one is without --set", "their files differ in seed"; "" where no key says so.
std::string DescribeDifference(const SweepSpec& stored, const SweepSpec& submitted);

// AlreadyExists where that sweep is another one than is submitted under its name. `known_text`: it was submitted, or
// updated, with the same text; `difference`: DescribeDifference.
absl::Status CheckIsSame(const Books& books, SweepIndex sweep, const SweepAttributes& attributes,
                         std::vector<SubmittedTrial>& trials, bool known_text, const std::string& difference);

struct UpdatedTrials {
  std::vector<TrialRow> held;  // those that the sweep has, in its order
  std::vector<SubmittedTrial> added;
};
// FailedPrecondition where trials of the sweep are left out, AlreadyExists where they read another content.
absl::StatusOr<UpdatedTrials> Divide(const Books& books, SweepIndex sweep, std::vector<SubmittedTrial> trials);

// The keys in which specifications of one sweep differ although their trials are the same ones: of the sweep itself,
// and of how it trains.
std::vector<std::string> DifferingKeys(const SweepSpec& a, const SweepSpec& b);

// Decides which trials they are, and counts those that earlier sweeps have to do with.
void IdentifyAll(const Books& books, const std::string& sweep, std::vector<SubmittedTrial>& trials,
                 SubmitResult& result);

// ResourceExhausted, and in `problems`, where its owner would then have more than `most` trials that wait or run.
absl::Status CheckQuota(const Books& books, const std::string& owner, const std::vector<SubmittedTrial>& added,
                        std::uint64_t most, std::vector<Problem>& problems);

}  // namespace ofsweep
