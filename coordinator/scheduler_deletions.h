#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/store.h"

namespace ofsweep {

// Trials that were deleted. A worker keeps checkpoints and logs of trials that it does not report, so each is told of
// all deletions since the last one that it followed.
class Deletions {
 public:
  Deletions() = default;
  explicit Deletions(std::vector<DeletedTrial> trials) : trials_(std::move(trials)) {
    for (const DeletedTrial& trial : trials_) newest_[trial.newest.trial_id] = trial.newest.generation;
  }

  // The newest attempt of a trial of that id that was deleted; 0 where none was.
  std::uint64_t NewestOf(const std::string& trial_id) const {
    const auto found = newest_.find(trial_id);
    return found == newest_.end() ? 0 : found->second;
  }
  // The first ones behind that number; of a number that was never given, because the database was restored from an
  // older copy, all.
  std::span<const DeletedTrial> Behind(std::uint64_t number) const {
    if (trials_.empty() || number > trials_.back().number) number = 0;
    const auto first =
        std::upper_bound(trials_.begin(), trials_.end(), number,
                         [](std::uint64_t before, const DeletedTrial& trial) { return before < trial.number; });
    return {first, trials_.end()};
  }

 private:
  std::vector<DeletedTrial> trials_;  // by their numbers
  absl::flat_hash_map<std::string, std::uint64_t> newest_;
};

}  // namespace ofsweep
