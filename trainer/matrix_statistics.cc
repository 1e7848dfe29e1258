#include "trainer/matrix_statistics.h"

#include "trainer/site_statistics.h"

namespace ofsweep {

std::vector<std::pair<std::string, double>> MeasureMatrix(const at::Tensor& matrix) {
  const at::NoGradGuard no_grad;
  TORCH_CHECK(matrix.dim() == 2 && matrix.numel() > 0, "a matrix of tokens × neurons is needed, got ", matrix.sizes());
  const at::Tensor x = Widen(matrix.detach());
  std::vector<const SiteMetric*> metrics;
  unsigned needs = 0;
  for (const SiteMetric& metric : SiteMetrics()) {
    if ((metric.needs & kUpdated) != 0) continue;
    metrics.push_back(&metric);
    needs |= metric.needs;
  }
  std::vector<SiteSums> sums = {SiteSums(needs)};
  sums[0].Add(x);
  std::vector<std::pair<std::string, double>> values;
  for (const SiteMetric* metric : metrics) values.emplace_back(metric->name, metric->values(sums).item<double>());

  const TokenRatio uncentred = MaxOverMedian(x);
  values.emplace_back("mmr_uncentred", (uncentred.sum / uncentred.count).item<double>());
  values.emplace_back("mmr_uncentred_left_out", static_cast<double>(x.size(0)) - uncentred.count.item<double>());
  return values;
}

}  // namespace ofsweep
