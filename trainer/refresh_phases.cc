#include "trainer/refresh_phases.h"

#include <algorithm>
#include <numeric>

namespace ofsweep {

std::vector<std::int64_t> SpreadPhases(const std::vector<double>& costs, std::int64_t period) {
  const double total = std::accumulate(costs.begin(), costs.end(), 0.0);
  if (total == 0) return std::vector<std::int64_t>(costs.size(), 0);
  std::vector<std::int64_t> phases;
  double before = 0;
  for (const double cost : costs) {
    // Where the middle of the task falls when all are laid out over the period.
    const double middle = (before + cost / 2) / total * static_cast<double>(period);
    phases.push_back(std::min(static_cast<std::int64_t>(middle), period - 1));
    before += cost;
  }
  return phases;
}

}  // namespace ofsweep
