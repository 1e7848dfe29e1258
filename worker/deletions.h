#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "ofsweep/v1/worker.pb.h"

namespace ofsweep {

// Removes from the data folder what is kept of trials that were deleted, and knows through which deletion that is done.
// What a kill leaves undone, the coordinator tells again.
class FollowedDeletions {
 public:
  explicit FollowedDeletions(std::string data_dir);

  // The trials of an answer, which names each by its newest attempt.
  void Take(const v1::SynchronizeResponse& told);
  // Removes the folders of those that no attempt uses any more. `newest_held` is of the trial's attempts here, 0 for
  // none: a later one than was deleted is of a trial that was submitted again, which has the folder now.
  void RemoveUnused(const std::function<std::uint64_t(const std::string& trial_id)>& newest_held);

  // The number of the last one that is followed; what comes behind it is to be told.
  std::uint64_t through() const { return through_; }

 private:
  const std::string data_dir_;
  std::map<std::string, std::uint64_t> left_;  // generations of trials whose folders are to be removed
  std::uint64_t told_through_ = 0;
  std::uint64_t through_ = 0;
};

}  // namespace ofsweep
