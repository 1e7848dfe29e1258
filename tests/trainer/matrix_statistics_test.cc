// tests/reference/vectors/metrics.json: what the authors' code and the definitions say about small matrices, by way of
// the program that measures single matrices and by way of a training batch, whole and in micro-batches.

#include <cmath>

#include <gtest/gtest.h>

#include "tests/trainer/reference_data.h"
#include "trainer/matrix_statistics.h"
#include "trainer/statistics.h"

namespace ofsweep {
namespace {

using Values = std::map<std::string, double>;

struct Precision {
  at::ScalarType dtype;
  double relative, absolute;
};
constexpr Precision kPrecisions[] = {{at::kDouble, 1e-9, 0}, {at::kFloat, 2e-5, 1e-6}};

const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = ReadJson(ReferenceFolder() / "vectors/metrics.json");
  return vectors;
}

at::Tensor MatrixOf(const nlohmann::json& vector, const char* key = "x") {
  return TensorOf(vector.at(key), {vector.at("n"), vector.at("d")});
}

Values Measured(const at::Tensor& x) {
  const auto values = MeasureMatrix(x);
  return {values.begin(), values.end()};
}

// Ways to cut `count` rows: whole, one by one, in a large and a small part, and in parts that grow.
std::vector<std::vector<std::int64_t>> Cuts(std::int64_t count) {
  std::vector<std::vector<std::int64_t>> cuts = {{count}};
  if (count == 1) return cuts;
  cuts.emplace_back(count, 1);
  cuts.push_back({count - 1, 1});
  cuts.emplace_back();
  for (std::int64_t size = 1, left = count; left > 0; left -= size, ++size) cuts.back().push_back(std::min(size, left));
  return cuts;
}

// Points as metric → value; each must be of block 3.
Values ByMetric(const std::vector<MetricPoint>& points) {
  Values values;
  for (const MetricPoint& point : points) {
    EXPECT_EQ(point.series.layer, 3);
    EXPECT_TRUE(values.emplace(point.series.metric, point.value).second) << point.series.metric;
  }
  return values;
}

// Rounding to float64's last digits is more than 1e-9 of a correlation that cancels to nearly nothing.
void ExpectClose(const Values& values, const nlohmann::json& expected, const Precision& precision) {
  for (const auto& [metric, value] : values) {
    SCOPED_TRACE(metric);
    EXPECT_PRED4(Close, value, NumberOf(expected.at(metric)), precision.relative, std::max(precision.absolute, 1e-14));
  }
}

TEST(MatrixStatistics, AgreeWithTheReferenceVectors) {
  ASSERT_EQ(Vectors().at("cases").size(), 20u);
  for (const auto& vector : Vectors().at("cases")) {
    for (const Precision& precision : kPrecisions) {
      SCOPED_TRACE(vector.at("name").get<std::string>() + " in " + c10::toString(precision.dtype));
      const Values values = Measured(MatrixOf(vector).to(precision.dtype));
      ASSERT_EQ(values.size(), vector.at("expected").size());
      ExpectClose(values, vector.at("expected"), precision);
    }
  }
}

TEST(MatrixStatistics, SitesOfATrainingBatchAgreeHoweverItIsCut) {
  for (const auto& vector : Vectors().at("cases")) {
    for (const Precision& precision : kPrecisions) {
      for (const auto& cut : Cuts(vector.at("n"))) {
        SCOPED_TRACE(vector.at("name").get<std::string>() + " in " + std::to_string(cut.size()) + " parts, " +
                     c10::toString(precision.dtype));
        StatisticsTap tap({"all"});
        for (const at::Tensor& part : MatrixOf(vector).to(precision.dtype).split_with_sizes(cut)) {
          tap.OnSite("block", 3, part.unsqueeze(0));
        }
        const Values values = ByMetric(tap.Finish());
        ASSERT_EQ(values.size(), vector.at("expected").size() - 2);  // all but the two uncentred ones
        ExpectClose(values, vector.at("expected"), precision);
      }
    }
  }
}

TEST(MatrixStatistics, AgreeWithTheClosedForms) {
  for (const auto& form : Vectors().at("closed_forms")) {
    const std::string name = form.at("name");
    for (const auto& point : form.at("values")) {
      SCOPED_TRACE(name + " " + point.dump());
      const std::int64_t d = point.at("d");
      at::Tensor x = at::zeros({3, d}, at::kDouble);
      if (name == "one_neuron_times_a") {
        x.fill_(1);
        x.select(1, 0).fill_(point.at("a").get<double>());
      } else {
        x.narrow(1, 0, point.value("k", 1)).fill_(1);
      }
      const char* metric = point.contains("kurtosis_centred") ? "kurtosis_centred" : "kurtosis";
      EXPECT_PRED4(Close, Measured(x).at(metric), NumberOf(point.at(metric)), 1e-9, 0);
    }
  }
}

// Orthogonal tokens √d·e_i: every correlation is that of the centring alone.
TEST(MatrixStatistics, OrthogonalTokensAreCorrelatedByTheirCentringAlone) {
  const double d = 48;
  const Values values = Measured(at::eye(48, at::kDouble) * std::sqrt(d));
  EXPECT_NEAR(values.at("kurtosis"), 1, 1e-12);
  EXPECT_NEAR(values.at("feature_corr_rms"), 1 / (d - 1), 1e-12);
  EXPECT_NEAR(values.at("token_corr_rms"), 1 / (d - 1), 1e-12);
  EXPECT_NEAR(values.at("token_corr_mean"), -1 / (d - 1), 1e-12);
}

TEST(MatrixStatistics, TokensThatCollapsedAreFullyCorrelated) {
  const Values values = Measured(at::ones({9, 1}, at::kDouble) * at::arange(1, 8, at::kDouble));
  EXPECT_NEAR(values.at("token_corr_mean"), 1, 1e-12);
  EXPECT_NEAR(values.at("token_corr_rms"), 1, 1e-12);
}

// An orthonormal Hadamard rotation spreads one outlier neuron over all: d → 1.
TEST(MatrixStatistics, AHadamardRotationTakesTheOutlierAway) {
  at::Tensor hadamard = at::ones({1, 1}, at::kDouble);
  const at::Tensor two = at::tensor({1.0, 1.0, 1.0, -1.0}, at::kDouble).view({2, 2});
  for (int i = 0; i < 4; ++i) hadamard = at::kron(hadamard, two) / std::sqrt(2.0);
  at::Tensor x = at::zeros({5, 16}, at::kDouble);
  x.select(1, 7).fill_(2);
  EXPECT_NEAR(Measured(x).at("kurtosis"), 16, 1e-12);
  EXPECT_NEAR(Measured(at::mm(x, hadamard)).at("kurtosis"), 1, 1e-12);
}

// Kurt/d + (1−1/d)·ρ_F² = K_I/n + (1−1/n)·ρ_I² for any matrix, centred or not; K_I is the mean squared diagonal of
// x·xᵀ/d.
TEST(MatrixStatistics, NeuronAndTokenCorrelationsObeyTheirIdentity) {
  const at::Tensor x = at::randn({37, 20}, at::kDouble);
  const Values s = Measured(x);
  const at::Tensor centred = x - x.mean(1, true);
  const at::Tensor diagonal = centred.square().mean(1) / centred.square().mean();
  const double n = 37, d = 20;
  EXPECT_NEAR(s.at("kurtosis_centred") / d + (1 - 1 / d) * std::pow(s.at("feature_corr_rms"), 2),
              diagonal.square().mean().item<double>() / n + (1 - 1 / n) * std::pow(s.at("token_corr_rms"), 2), 1e-12);
}

TEST(MatrixStatistics, KurtosisIgnoresScaleTokenOrderAndSigns) {
  const at::Tensor x = at::randn({50, 16}, at::kDouble) * at::arange(1, 17, at::kDouble);
  const double kurtosis = Measured(x).at("kurtosis");
  EXPECT_NEAR(Measured(x * 1e3).at("kurtosis"), kurtosis, 1e-12);
  EXPECT_NEAR(Measured(x.flip(0)).at("kurtosis"), kurtosis, 1e-12);
  EXPECT_NEAR(Measured(x * at::randn({16}).sign()).at("kurtosis"), kurtosis, 1e-12);
}

TEST(MatrixStatistics, AttentionMapsAgreeHoweverTheBatchIsCut) {
  for (const auto& vector : Vectors().at("attention_cases")) {
    const auto shape = vector.at("shape").get<std::vector<std::int64_t>>();
    for (const Precision& precision : kPrecisions) {
      for (const auto& cut : Cuts(shape[0])) {
        SCOPED_TRACE(vector.at("name").get<std::string>() + " in " + std::to_string(cut.size()) + " parts, " +
                     c10::toString(precision.dtype));
        StatisticsTap tap({"sink_rate", "attention_entropy"});
        for (const at::Tensor& part :
             TensorOf(vector.at("attention"), shape).to(precision.dtype).split_with_sizes(cut)) {
          tap.OnAttentionMaps(3, part);
        }
        const Values values = ByMetric(tap.Finish());
        EXPECT_EQ(values.size(), 2u);
        ExpectClose(values, vector.at("expected"), precision);
      }
    }
  }
}

TEST(MatrixStatistics, MomentTermsOfAnUpdateAgreeHoweverTheBatchIsCut) {
  for (const auto& vector : Vectors().at("moment_cases")) {
    const at::Tensor before = MatrixOf(vector);
    const at::Tensor after = before + MatrixOf(vector, "step");
    for (const auto& cut : Cuts(before.size(0))) {
      StatisticsTap tap({"delta_m4_second", "delta_m2"});
      for (const at::Tensor& part : before.split_with_sizes(cut)) tap.OnSite("block", 3, part);
      tap.ModelIsUpdated();
      for (const at::Tensor& part : after.split_with_sizes(cut)) tap.OnSite("block", 3, part);
      const Values values = ByMetric(tap.Finish());
      EXPECT_PRED4(Close, values.at("delta_m2"), NumberOf(vector.at("m2_change")), 1e-9, 0);
      EXPECT_PRED4(Close, values.at("delta_m4_second"), NumberOf(vector.at("m4_terms").at(1)), 1e-9, 0);
    }
  }
}

}  // namespace
}  // namespace ofsweep
