#include "experiment/edit_distance.h"

#include <algorithm>
#include <numeric>

namespace ofsweep {

int EditDistance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  const auto last_part = [](std::string_view key) { return key.substr(key.rfind('.') + 1); };
  std::string_view nearest;
  int least = std::max<int>(2, static_cast<int>(name.size()) / 3);
  for (std::string_view candidate : candidates) {
    const int whole = EditDistance(name, candidate);
    // One more than the distance of the last parts, so that a whole match of equal quality wins.
    const int part = EditDistance(last_part(name), last_part(candidate)) + 1;
    const int distance = std::min(whole, part);
    if (distance <= least && (nearest.empty() || distance < least)) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

}  // namespace ofsweep
