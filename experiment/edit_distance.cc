#include "experiment/edit_distance.h"

#include <algorithm>
#include <limits>
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

namespace {

constexpr int kTooFar = std::numeric_limits<int>::max();

struct DottedName {
  std::string_view section;  // "optimizer" of optimizer.learning_rate; "" where there is no dot
  std::string_view part;
};

DottedName Split(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {"", name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

// The distance, or kTooFar where a third of `typed` and more would be another: most of "lr" is no typing error.
int Typo(std::string_view typed, std::string_view meant) {
  const int allowed = typed.size() < 4 ? 1 : std::max<int>(2, static_cast<int>(typed.size()) / 3);
  const int distance = EditDistance(typed, meant);
  return distance <= allowed ? distance : kTooFar;
}

// Of equal parts, those of the same section are nearer. Sections that differ may be mistyped themselves, or the part
// be looked for in the wrong one.
int Distance(std::string_view typed, std::string_view meant) {
  const DottedName a = Split(typed), b = Split(meant);
  const int part = Typo(a.part, b.part);
  if (a.section == b.section) return part;
  return std::min(Typo(typed, meant), part == kTooFar ? kTooFar : part + 1);
}

}  // namespace

std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  std::string_view nearest;
  int least = kTooFar;
  for (std::string_view candidate : candidates) {
    const int distance = Distance(name, candidate);
    if (distance >= least) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

std::string DidYouMean(std::string_view nearest, std::string_view otherwise) {
  if (nearest.empty()) return std::string(otherwise);
  return "did you mean " + std::string(nearest) + "?";
}

}  // namespace ofsweep
