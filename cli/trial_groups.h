#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// Where a trial belongs in a figure.
struct FigurePlace {
  std::size_t panel = 0;
  std::size_t group = 0;

  auto operator<=>(const FigurePlace&) const = default;
};

// Which keys tell panels and, within them, groups apart.
struct GroupingKeys {
  std::optional<std::vector<std::string>> groups;  // absent: every key that the sweep varies, but seed and `panels`
  std::vector<std::string> panels;                 // empty: there is one panel
};

// The groups of a sweep's trials that agree in some keys, in the sweep's order, so that a group has one colour in every
// figure.
class TrialGroups {
 public:
  // InvalidArgument names keys that the sweep does not vary, and those that it does. `trials` are all of the sweep;
  // those that `drops_diverged` leaves out vary keys and keep their group its colour, but are in none.
  static absl::StatusOr<TrialGroups> Of(const std::vector<v1::Trial>& trials, const GroupingKeys& keys,
                                        bool drops_diverged = false);

  // Of names the values alone, "op · adam"; numbers with their key, "learning rate 0.001".
  const std::vector<std::string>& groups() const { return groups_; }
  const std::vector<std::string>& panels() const { return panels_; }

  bool is_empty() const { return places_.empty(); }

  // None for a trial that is in no group.
  std::optional<FigurePlace> Find(const std::string& trial_id) const;

  // The trials that curves are asked of: where some are in no group the others, else none, which stands for all.
  const std::vector<std::string>& only() const { return only_; }

  // All keys of panels and groups.
  const std::vector<std::string>& keys() const { return keys_; }

  // Keys, the seed aside, in which trials of one group differ: its means are over these too.
  const std::vector<std::string>& pooled() const { return pooled_; }

 private:
  std::vector<std::string> groups_, panels_, keys_, only_, pooled_;
  std::map<std::string, FigurePlace> places_;
};

}  // namespace ofsweep
