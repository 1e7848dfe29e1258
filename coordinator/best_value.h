#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>

namespace ofsweep {

// What the trials of one value of a tuned key came to, in one cell of a table.
struct TunedValue {
  std::set<std::int64_t> seeds;           // of all trials, those without a result too
  std::map<std::int64_t, double> losses;  // by seed, of the trials that count and have one
};

// Which of the values has the lowest mean loss; none where no value has any.
//
// They are compared on the seeds that all of them have, as far as there is such a one: the luck of a seed then falls on
// all alike, and it does not matter that one value was tried more often. Of two values
//   - one whose mean is not finite loses (a training that diverged),
//   - then one that lacks more of these losses (failed, unfinished, or diverged and dropped: a mean of what is left
//     would flatter it),
//   - then the one with the higher mean, and of equal ones the later.
std::optional<std::size_t> PickBestValue(std::span<const TunedValue> values);

}  // namespace ofsweep
