#pragma once

#include <string>
#include <vector>

#include "experiment/metric_point.h"
#include "trainer/activation_tap.h"

namespace ofsweep {

// The metrics that are sums over tokens, so that a batch gives the same values however it is cut into micro-batches.
// Names as in measure.metrics: kurtosis, kurtosis_centred, mmr, rms, max_abs.
class SiteStatistics {
 public:
  // x [..., d]; sums in float32, in float64 for float64. No synchronisation with a GPU.
  void Add(const at::Tensor& x);

  // One value for each metric, a float64 vector on the device of x. Tokens with median 0 are left out of mmr.
  at::Tensor Values(const std::vector<std::string>& metrics) const;

 private:
  std::int64_t tokens_ = 0;
  at::Tensor squares_;          // [d]: Σ x²
  at::Tensor centred_squares_;  // [d]: Σ of the squared token-centred x
  at::Tensor ratio_sum_;        // Σ max|x| / median|x| of the centred x
  at::Tensor ratio_count_;      // tokens in ratio_sum_
  at::Tensor max_abs_;
};

// Measures every site of the forward passes of one training batch.
class StatisticsTap : public ActivationTap {
 public:
  // `metrics` as in measure.metrics; "all" stands for all of them.
  explicit StatisticsTap(const std::vector<std::string>& metrics);

  void OnSite(std::string_view site, std::optional<int> layer, const at::Tensor& x) override;

  // The points of all micro-batches since the last Finish, site by site in the order of the pass; one copy from the
  // device.
  std::vector<MetricPoint> Finish();

 private:
  struct Site {
    std::string name;
    std::optional<int> layer;
    SiteStatistics statistics;
  };
  std::vector<std::string> metrics_;
  std::vector<Site> sites_;
};

}  // namespace ofsweep
