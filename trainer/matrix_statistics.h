#pragma once

#include <string>
#include <utility>
#include <vector>

#include "trainer/torch.h"

namespace ofsweep {

// Statistics of one matrix X [n tokens, d neurons], by the definitions of He et al. (arXiv 2405.19279) and its code, in
// float64 for float64 input and in float32 otherwise. NaN and ±Inf follow IEEE arithmetic on the definition; 0/0 is
// NaN.
struct MatrixStatistics {
  double kurtosis = 0;  // He et al. (arXiv 2405.19279): mean_j s_j⁴ / (mean_j s_j²)², s_j² = mean_α X_αj²
  double kurtosis_centred = 0;  // the same after subtracting each token's mean over the width
  double mmr = 0;               // of the centred X: mean over tokens of max|x| / lower median|x|
  double mmr_uncentred = 0;
  std::int64_t mmr_left_out = 0;  // tokens whose median is 0
  std::int64_t mmr_uncentred_left_out = 0;
  double rms = 0;
  double max_abs = 0;
  double feature_corr_rms = 0;  // of the centred X over its global RMS, off the diagonal
  double token_corr_mean = 0;
  double token_corr_rms = 0;
  std::int64_t massive_activations = 0;  // |a| > 100 and ≥ 1000 × lower median|a| (Sun et al., arXiv 2402.17762)
};

MatrixStatistics MeasureMatrix(const at::Tensor& x);

// The metrics above by their names, in that order.
std::vector<std::pair<std::string, double>> NamedValues(const MatrixStatistics& statistics);

// Attention maps A [batch, heads, queries, keys]: entropy −Σ A log A in nats, mean over the rest; NaN if a row is NaN.
double AttentionEntropy(const at::Tensor& attention);
// Mean over (sequence, head) of [mean over all queries of the attention to the first key > 0.3]; a NaN is not > 0.3.
double SinkRate(const at::Tensor& attention);

// Which terms move the second and fourth moments when X becomes X + step.
struct MomentTerms {
  double m2[2];  // 2·mean a, mean b
  double m4[4];  // 4·mean(s²a), mean(2s²b + 4a²), 4·mean(ab), mean(b²)
};
MomentTerms MeasureMomentTerms(const at::Tensor& x, const at::Tensor& step);

}  // namespace ofsweep
