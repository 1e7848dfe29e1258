#include "trainer/site_statistics.h"

namespace ofsweep {
namespace {

void Accumulate(at::Tensor& sum, const at::Tensor& value) {
  sum = sum.defined() ? sum.add_(value) : value;
}

using Sites = std::vector<SiteSums>;

// One tensor of each site, [sites, ...].
template <typename Part>
at::Tensor Stack(const Sites& sites, Part part) {
  std::vector<at::Tensor> parts;
  for (const SiteSums& site : sites) parts.push_back(part(site));
  return at::stack(parts);
}

// s², a and b of SiteMetrics, [sites, d].
at::Tensor NeuronSquares(const Sites& sites) {
  return Stack(sites, [](const SiteSums& s) { return s.columns.squares; }) / sites.front().tokens;
}
at::Tensor StepProducts(const Sites& sites) {
  return Stack(sites, [](const SiteSums& s) { return s.step_products; }) / sites.front().tokens;
}
at::Tensor StepSquares(const Sites& sites) {
  return Stack(sites, [](const SiteSums& s) { return s.step_squares; }) / sites.front().tokens;
}

// The median of a whole batch costs more than everything else here: on a CPU, where the largest value is at hand, it is
// taken only where there may be something to count. (A NaN is not > 100, and counts nothing.)
at::Tensor MassiveActivations(const SiteSums& site) {
  const at::Tensor& largest = site.columns.largest;
  if (largest.is_cpu() && !(largest.item<double>() > 100)) return at::zeros({}, at::kDouble);
  return CountMassive(Widen(at::cat(site.batch))).to(at::kDouble);
}

}  // namespace

void SiteSums::Add(const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  const at::Tensor matrix = x.detach().reshape({-1, x.size(-1)});
  tokens += matrix.size(0);
  if ((needs & kBatch) != 0) batch.push_back(matrix);
  if ((needs & kColumns) != 0) {
    const ColumnSums sums = SumColumns(matrix);
    Accumulate(columns.squares, sums.squares);
    columns.largest = columns.largest.defined() ? at::maximum(columns.largest, sums.largest) : sums.largest;
  }
  if ((needs & (kCentred | kRatios | kTokens | kGram)) == 0) return;
  const at::Tensor centred = CentreTokens(Widen(matrix));
  if ((needs & kCentred) != 0) Accumulate(centred_squares, SumColumns(centred).squares);
  if ((needs & kRatios) != 0) {
    const TokenRatio ratio = MaxOverMedian(centred);
    Accumulate(ratio_sum, ratio.sum);
    Accumulate(ratio_count, ratio.count);
  }
  if ((needs & kTokens) != 0) {
    const at::Tensor squares = centred.square().sum(1).to(at::kDouble);
    Accumulate(token_total, centred.sum(0).to(at::kDouble));
    Accumulate(token_squares, squares.sum());
    Accumulate(token_fourths, squares.square().sum());
  }
  if ((needs & kGram) != 0) {
    if (!gram.defined()) gram = at::zeros({matrix.size(1), matrix.size(1)}, centred.options());
    gram.addmm_(centred.t(), centred);
  }
}

void SiteSums::AddUpdated(const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  TORCH_CHECK(compared < batch.size(), "a batch must be cut after the update as it was before");
  const at::Tensor before = Widen(batch[compared++]);
  const at::Tensor step = Widen(x.detach().reshape(before.sizes())) - before;
  Accumulate(step_products, (before * step).sum(0).to(at::kDouble));
  Accumulate(step_squares, SumColumns(step).squares);
}

const std::vector<SiteMetric>& SiteMetrics() {
  static const std::vector<SiteMetric> metrics = {
      {"kurtosis", kColumns, [](const Sites& sites) { return KurtosisOf(NeuronSquares(sites)); }},
      {"kurtosis_centred", kCentred,
       [](const Sites& sites) {
         return KurtosisOf(Stack(sites, [](const SiteSums& s) { return s.centred_squares; }));
       }},
      {"mmr", kRatios,
       [](const Sites& sites) { return Stack(sites, [](const SiteSums& s) { return s.ratio_sum / s.ratio_count; }); }},
      {"mmr_left_out", kRatios,
       [](const Sites& sites) {
         return Stack(sites, [](const SiteSums& s) { return (s.tokens - s.ratio_count).to(at::kDouble); });
       }},
      {"rms", kColumns, [](const Sites& sites) { return NeuronSquares(sites).mean(-1).sqrt(); }},
      {"max_abs", kColumns,
       [](const Sites& sites) { return Stack(sites, [](const SiteSums& s) { return s.columns.largest; }); }},
      {"feature_corr_rms", kTokens | kGram,
       [](const Sites& sites) {
         return Stack(sites,
                      [](const SiteSums& s) { return FeatureCorrelationRms(s.gram.to(at::kDouble), s.token_squares); });
       }},
      {"token_corr_mean", kTokens,
       [](const Sites& sites) {
         return Stack(sites,
                      [](const SiteSums& s) { return TokenCorrelationMean(s.tokens, s.token_total, s.token_squares); });
       }},
      {"token_corr_rms", kTokens | kGram,
       [](const Sites& sites) {
         return Stack(sites, [](const SiteSums& s) {
           return TokenCorrelationRms(s.tokens, s.gram.to(at::kDouble), s.token_squares, s.token_fourths);
         });
       }},
      {"massive_activations", kColumns | kBatch, [](const Sites& sites) { return Stack(sites, MassiveActivations); }},
      {"delta_m2", kBatch | kUpdated,
       [](const Sites& sites) { return (2 * StepProducts(sites) + StepSquares(sites)).mean(-1); }},
      {"delta_m4_second", kColumns | kBatch | kUpdated,
       [](const Sites& sites) {
         return (2 * NeuronSquares(sites) * StepSquares(sites) + 4 * StepProducts(sites).square()).mean(-1);
       }},
  };
  return metrics;
}

}  // namespace ofsweep
