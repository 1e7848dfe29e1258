#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/scheduler_books.h"
#include "coordinator/sweep_settings.h"
#include "experiment/sweep_spec.h"
#include "storage/store.h"

namespace ofsweep {

// A trial as a sweep brings it, before it is known which trials are there already.
struct SubmittedTrial {
  TrialRow row;  // its data_fingerprint is empty where nobody has seen what it reads
  // Of the same trial with every fingerprint `auto`; empty where that is the row's own.
  std::string unseen_hash;
  bool needs_cuda = false;
  std::map<std::string, std::string> seen_paths;  // by their keys: of the inputs whose content is known

  std::size_t bytes() const;  // of memory, by and large
};

SubmittedTrial ReadSubmitted(const PlannedTrial& planned, const SweepSettings& settings);

// How a trial stands to those of earlier sweeps.
enum class Sharing {
  kNew,
  kShared,  // an earlier sweep holds it
  // An earlier sweep holds one that is equal but for what it reads, which nobody has looked at for this one.
  kAnewBeside,
};

// Decides which trial it is, by what it reads: one that was submitted from where its files could not be seen, and found
// the same ones, is the same. One whose files nobody has seen may read others than the trial that it equals, and
// becomes a replica of it, for this sweep. `beside` is the earlier trial.
Sharing Identify(const Books& books, const std::string& sweep, SubmittedTrial& trial, const TrialRecord*& beside);

// What a sweep's trial was given as its `replica`, before it was made one of an equal trial.
std::string GivenReplica(const std::string& sweep, const std::string& replica);

// The place in that sweep of a trial which is submitted under the sweep's name, from wherever its files can be seen or
// not; none where the sweep does not hold it. It becomes the trial that is there.
struct HeldPlace {
  std::uint32_t position = 0;
  bool has_other_data = false;  // what is there read another content
};
std::optional<HeldPlace> FindHeld(const Books& books, SweepIndex sweep, SubmittedTrial& trial);

}  // namespace ofsweep
