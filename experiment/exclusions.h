#pragma once

#include <cstddef>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "experiment/sweep_spec.h"
#include "experiment/trial_config.h"

namespace ofsweep {

// The entries of `exclude`, found by their values: a trial is looked up once for each set of keys that entries name,
// not compared with every entry.
class Exclusions {
 public:
  // `entries` has to outlive it.
  explicit Exclusions(const std::vector<Exclusion>& entries);

  bool empty() const { return groups_.empty(); }

  // Whether an entry names this trial, each of its values as it is `written` or as it is `resolved` (`auto`). Notes all
  // entries that do.
  bool Match(const TrialConfig& written, const TrialConfig& resolved);

  // Those that have named no trial so far, in their order.
  std::vector<const Exclusion*> Unmatched() const;

 private:
  using Keys = std::vector<std::string_view>;
  struct HashOf {
    std::size_t operator()(const Overrides& values) const;
  };
  // Entries of the same keys, each with whether it has matched; equal ones are one.
  using Group = std::unordered_map<Overrides, bool, HashOf>;

  static bool MatchIn(const Keys& keys, Group& group, const TrialConfig& written, const TrialConfig& resolved);

  const std::vector<Exclusion>& entries_;
  std::vector<const bool*> has_matched_;  // by entry
  std::map<Keys, Group> groups_;
};

}  // namespace ofsweep
