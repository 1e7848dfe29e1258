#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiment/metric_point.h"
#include "trainer/activation_tap.h"
#include "trainer/attention_statistics.h"
#include "trainer/site_statistics.h"

namespace ofsweep {

// Takes the metrics of measure.metrics from the forward passes of one training batch: of the residual stream at every
// site, and of every layer's attention maps at site "attention". Computes what is asked for and nothing else.
class StatisticsTap : public ActivationTap {
 public:
  // Names as in measure.metrics; "all" stands for all of them.
  explicit StatisticsTap(const std::vector<std::string>& metrics);

  void OnSite(std::string_view site, std::optional<int> layer, const at::Tensor& x) override;
  bool WantsAttentionMaps() const override { return !attention_metrics_.empty() && !updated_; }
  void OnAttentionMaps(int layer, const at::Tensor& maps) override;

  // Whether a metric compares the batch before and after an update of the model.
  bool WantsUpdate() const { return (needs_ & kUpdated) != 0; }
  // The passes that follow are of the updated model, over the same micro-batches in the same order.
  void ModelIsUpdated() { updated_ = true; }

  // The points of all passes, site by site in the order of the pass, then layer by layer; one copy from the device.
  // Without a pass after the update the metrics that compare the two are left out. Call once.
  std::vector<MetricPoint> Finish() const;

 private:
  struct SiteName {
    std::string name;
    std::optional<int> layer;
    bool operator==(const SiteName&) const = default;
  };

  std::vector<const SiteMetric*> site_metrics_;
  std::vector<const AttentionMetric*> attention_metrics_;
  unsigned needs_ = 0;
  bool updated_ = false;
  std::vector<SiteName> names_;
  std::vector<SiteSums> sites_;             // of names_
  std::map<int, AttentionSums> attention_;  // by layer
};

}  // namespace ofsweep
