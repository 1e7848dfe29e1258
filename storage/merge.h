#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace ofsweep {

struct MergeRequest {
  std::string from;                          // a database of this or an older version; only read, from a copy of it
  std::string into;                          // made when missing
  std::map<std::string, std::string> names;  // what sweeps of `from` are called in `into`, where that is another name
  TimeMs now = 0;
};

struct MergeCounts {
  std::vector<std::string> added_sweeps;
  std::vector<std::string>
      updated_sweeps;  // that were in both, and have the specification and the trials of theirs now
  std::vector<std::string>
      waiting_sweeps;              // of these, in which something is still to be trained, when they are resumed
  std::uint64_t known_sweeps = 0;  // that are in both
  std::uint64_t added_trials = 0;
  std::uint64_t finished_trials = 0;  // that were in both, and have an outcome now
  std::uint64_t kept_trials = 0;      // that were in both, and are as they were
  std::uint64_t points = 0;           // brought
};

// Brings the sweeps of one database into another, all of them or, on an error, none: sweeps, trials, attempts, points.
//
// A trial is known by its identity, so one that both have is one. Its curve is that of one of the two, never of both:
// theirs, where only they have an outcome (completed, diverged), else ours. Where theirs is taken, their attempts
// follow those of ours that they have not, under later generations. What they have running waits here, its attempt
// being lost; and no sweep that is brought starts by itself: while something of it is to be trained, it is paused, or
// cancelled.
//
// Sweeps of one name are one where the one has had every text and has every trial of the other, of which it is an
// update then, or the same: that one counts.
//
// Who may call the coordinator of each, and the audit of that, stay with it.
//
// Errors: NotFound when there is no such source or no such sweep in it; AlreadyExists for a sweep of a name that
// another one has here, or gets, which is no update of it; FailedPrecondition for a trial or sweep that has read other
// data, or of which nobody knows what it read, and for a source that is not ofsweep's or of a newer version;
// InvalidArgument when both are the same, and for a name that no sweep may have; those of Store::Open for the target,
// and ResourceExhausted when its disk is full; DataLoss for a source in which CheckDatabase
// finds anything wrong.
absl::StatusOr<MergeCounts> MergeDatabase(const MergeRequest& request);

}  // namespace ofsweep
