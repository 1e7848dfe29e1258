#include "trainer/statistics.h"

#include <algorithm>
#include <stdexcept>

namespace ofsweep {

StatisticsTap::StatisticsTap(const std::vector<std::string>& metrics) {
  const auto add = [&](std::string_view name) {
    bool known = false;
    for (const SiteMetric& metric : SiteMetrics()) {
      if (name != metric.name && name != "all") continue;
      site_metrics_.push_back(&metric);
      needs_ |= metric.needs;
      known = true;
    }
    for (const AttentionMetric& metric : kAttentionMetrics) {
      if (name != metric.name && name != "all") continue;
      attention_metrics_.push_back(&metric);
      known = true;
    }
    if (!known) throw std::invalid_argument("measure.metrics: the trainer cannot measure " + std::string(name));
  };
  if (std::find(metrics.begin(), metrics.end(), "all") != metrics.end()) {
    add("all");
  } else {
    for (const std::string& metric : metrics) add(metric);
  }
}

void StatisticsTap::OnSite(std::string_view site, std::optional<int> layer, const at::Tensor& x) {
  if (site_metrics_.empty()) return;
  const auto found = std::find(names_.begin(), names_.end(), SiteName{std::string(site), layer});
  const auto index = static_cast<std::size_t>(found - names_.begin());
  if (found == names_.end()) {
    names_.push_back({std::string(site), layer});
    sites_.emplace_back(needs_);
  }
  if (updated_) {
    sites_[index].AddUpdated(x);
  } else {
    sites_[index].Add(x);
  }
}

void StatisticsTap::OnAttentionMaps(int layer, const at::Tensor& maps) {
  attention_[layer].Add(maps);
}

std::vector<MetricPoint> StatisticsTap::Finish() const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;  // for each metric its values at the sites, then for each layer those of its maps
  std::vector<std::string_view> metrics;
  for (const SiteMetric* metric : site_metrics_) {
    if (sites_.empty() || ((metric->needs & kUpdated) != 0 && !updated_)) continue;
    parts.push_back(metric->values(sites_));
    metrics.push_back(metric->name);
  }
  for (const auto& [layer, sums] : attention_) {
    for (const AttentionMetric* metric : attention_metrics_) parts.push_back((sums.*metric->value)().reshape(1));
  }
  std::vector<MetricPoint> points;
  if (parts.empty()) return points;

  const at::Tensor all = at::cat(parts).cpu();
  const double* values = all.const_data_ptr<double>();
  for (std::size_t site = 0; site < sites_.size(); ++site) {
    for (std::size_t metric = 0; metric < metrics.size(); ++metric) {
      points.push_back({{std::string(metrics[metric]), names_[site].layer, names_[site].name},
                        values[metric * sites_.size() + site]});
    }
  }
  values += metrics.size() * sites_.size();
  for (const auto& [layer, sums] : attention_) {
    for (const AttentionMetric* metric : attention_metrics_) {
      points.push_back({{std::string(metric->name), layer, "attention"}, *values++});
    }
  }
  return points;
}

}  // namespace ofsweep
