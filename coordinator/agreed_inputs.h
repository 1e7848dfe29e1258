#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "experiment/data_input.h"
#include "storage/store.h"

namespace ofsweep {

// Where nobody had seen what a sweep reads, its first attempt decides: what that found at (source, path) is what the
// sweep is of, on every worker.
class AgreedInputs {
 public:
  void Set(const std::string& sweep, Fingerprints found) { by_sweep_[sweep] = std::move(found); }

  // In words; "" where an attempt of a trial of `sweeps` found what they are of, or is their first.
  std::string WhyOther(const std::vector<std::string>& sweeps, const Fingerprints& found) const;
  // What is new of what an attempt found, for the store.
  std::vector<FixedInput> Agree(const std::vector<std::string>& sweeps, const Fingerprints& found);
  // For a trial of `sweeps`, oldest first: the oldest sweep's where two differ.
  Fingerprints Of(const std::vector<std::string>& sweeps) const;

 private:
  absl::flat_hash_map<std::string, Fingerprints> by_sweep_;
};

}  // namespace ofsweep
