#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ofsweep {

// Levenshtein distance: insertions, deletions and substitutions cost 1.
int EditDistance(std::string_view a, std::string_view b);

// The candidate nearest to `name`; a candidate also matches by its part behind the last dot, so that "learning_rate"
// finds "optimizer.learning_rate", rather one of the same section. Empty when nothing is within a third of what is
// compared, the part or the whole (or two edits; of fewer than four letters, one).
std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates);

// "did you mean NEAREST?", or where there is none, what else helps.
std::string DidYouMean(std::string_view nearest, std::string_view otherwise);

}  // namespace ofsweep
