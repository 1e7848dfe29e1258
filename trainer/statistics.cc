#include "trainer/statistics.h"

#include <algorithm>
#include <stdexcept>

#include "trainer/statistic_parts.h"

namespace ofsweep {
namespace {

const std::vector<std::string>& AllMetrics() {
  static const std::vector<std::string> metrics = {"kurtosis", "kurtosis_centred", "mmr", "rms", "max_abs"};
  return metrics;
}

void Accumulate(at::Tensor& sum, const at::Tensor& value) {
  sum = sum.defined() ? sum + value : value;
}

}  // namespace

void SiteStatistics::Add(const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  const at::Tensor flat = x.detach().reshape({-1, x.size(-1)});
  const at::Tensor wide = flat.scalar_type() == at::kDouble ? flat : flat.to(at::kFloat);
  const at::Tensor centred = CentreTokens(wide);
  tokens_ += wide.size(0);
  Accumulate(squares_, wide.square().sum(0));
  Accumulate(centred_squares_, centred.square().sum(0));
  const TokenRatio ratio = MaxOverMedian(centred);
  Accumulate(ratio_sum_, ratio.sum);
  Accumulate(ratio_count_, ratio.count);
  const at::Tensor max_abs = wide.abs().max();
  max_abs_ = max_abs_.defined() ? at::maximum(max_abs_, max_abs) : max_abs;
}

at::Tensor SiteStatistics::Values(const std::vector<std::string>& metrics) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> values;
  for (const std::string& metric : metrics) {
    if (metric == "kurtosis") {
      values.push_back(KurtosisOf(squares_));
    } else if (metric == "kurtosis_centred") {
      values.push_back(KurtosisOf(centred_squares_));
    } else if (metric == "mmr") {
      values.push_back(ratio_sum_ / ratio_count_);
    } else if (metric == "rms") {
      values.push_back((squares_.to(at::kDouble).mean() / static_cast<double>(tokens_)).sqrt());
    } else if (metric == "max_abs") {
      values.push_back(max_abs_.to(at::kDouble));
    } else {
      throw std::invalid_argument("measure.metrics: the trainer cannot measure " + metric);
    }
  }
  return at::stack(values);
}

StatisticsTap::StatisticsTap(const std::vector<std::string>& metrics) {
  const bool all = std::find(metrics.begin(), metrics.end(), "all") != metrics.end();
  metrics_ = all ? AllMetrics() : metrics;
}

void StatisticsTap::OnSite(std::string_view site, std::optional<int> layer, const at::Tensor& x) {
  const auto same = [&](const Site& known) { return known.name == site && known.layer == layer; };
  auto found = std::find_if(sites_.begin(), sites_.end(), same);
  if (found == sites_.end()) found = sites_.insert(sites_.end(), Site{std::string(site), layer, {}});
  found->statistics.Add(x);
}

std::vector<MetricPoint> StatisticsTap::Finish() {
  std::vector<at::Tensor> rows;
  for (const Site& site : sites_) rows.push_back(site.statistics.Values(metrics_));
  std::vector<MetricPoint> points;
  if (rows.empty() || metrics_.empty()) return points;
  const at::Tensor table = at::stack(rows).cpu();
  const auto values = table.accessor<double, 2>();
  for (std::size_t site = 0; site < sites_.size(); ++site) {
    for (std::size_t metric = 0; metric < metrics_.size(); ++metric) {
      points.push_back({{metrics_[metric], sites_[site].layer, sites_[site].name}, values[site][metric]});
    }
  }
  sites_.clear();
  return points;
}

}  // namespace ofsweep
