#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trainer/statistic_parts.h"

namespace ofsweep {

// What a metric of the residual stream is made from; gathered only where one that is asked for needs it.
enum SiteNeeds : unsigned {
  kColumns = 1,   // one pass over x
  kCentred = 2,   // Σ x² of each neuron of the token-centred x
  kRatios = 4,    // max over median of each centred token
  kTokens = 8,    // ‖x_i‖² of the centred tokens, and their sum
  kGram = 16,     // Σ x_i x_iᵀ of the centred tokens, float32 [d, d]
  kBatch = 32,    // the batch itself stays in memory until it is measured
  kUpdated = 64,  // the same batch through the model after the update
};

// Sums over the tokens of one site, so that a batch gives the same values however it is cut into micro-batches. Taken
// in float32 (in float64 for float64 input), kept in float64.
struct SiteSums {
  explicit SiteSums(unsigned what) : needs(what) {}

  void Add(const at::Tensor& x);  // [..., d]
  // The same tokens after an update of the model, cut and ordered as in Add.
  void AddUpdated(const at::Tensor& x);

  unsigned needs;           // of SiteNeeds; the sums of others stay undefined
  std::int64_t tokens = 0;  // n
  ColumnSums columns;
  at::Tensor centred_squares;         // [d]
  at::Tensor ratio_sum, ratio_count;  // scalars
  at::Tensor token_total, token_squares,
      token_fourths;                       // Σ x_i [d], Σ r_i and Σ r_i² of the centred tokens, r_i = ‖x_i‖²
  at::Tensor gram;                         // float32 or float64 [d, d]
  std::vector<at::Tensor> batch;           // each [n, d], in the precision of the model
  std::size_t compared = 0;                // how many of them AddUpdated has seen
  at::Tensor step_products, step_squares;  // Σ xδ and Σ δ² [d], δ being what the update added to x
};

// A metric of measure.metrics that is taken of the residual stream, by the definitions of He et al. (arXiv 2405.19279)
// and its code. NaN and ±Inf follow IEEE arithmetic on the definition; 0/0 is NaN.
struct SiteMetric {
  std::string_view name;
  unsigned needs;
  at::Tensor (*values)(const std::vector<SiteSums>& sites);  // float64 [sites]; one batch at all of them
};

//   kurtosis            mean_j s_j⁴ / (mean_j s_j²)², s_j² = mean_α x_αj²
//   kurtosis_centred    the same after subtracting from each token its mean over the width
//   mmr                 of the centred x, mean over tokens of max|x| / lower median|x|; tokens with median 0 left out
//   mmr_left_out        how many those are
//   rms, max_abs        √mean x² and max |x|
//   feature_corr_rms, token_corr_mean, token_corr_rms
//                       off the diagonal of the correlations of neurons and tokens, of the centred x over its RMS
//   massive_activations count of |x| > 100 and ≥ 1000 × lower median|x| of the batch
//   delta_m2            2·mean a + mean b, the change of mean_j s_j² by an update; a_j = mean_α xδ, b_j = mean_α δ²
//   delta_m4_second     mean_j(2 s²b + 4a²), the second-order term of the change of mean_j s_j⁴
const std::vector<SiteMetric>& SiteMetrics();

}  // namespace ofsweep
