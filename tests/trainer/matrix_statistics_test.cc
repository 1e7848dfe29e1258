// tests/reference/vectors/metrics.json: what the authors' code and the definitions say about small matrices.

#include <cmath>

#include <gtest/gtest.h>

#include "tests/trainer/reference_data.h"
#include "trainer/matrix_statistics.h"
#include "trainer/statistics.h"

namespace ofsweep {
namespace {

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

TEST(MatrixStatistics, AgreeWithTheReferenceVectors) {
  ASSERT_EQ(Vectors().at("cases").size(), 20u);
  for (const auto& vector : Vectors().at("cases")) {
    for (const auto& [dtype, relative, absolute] : kPrecisions) {
      SCOPED_TRACE(vector.at("name").get<std::string>() + " in " + c10::toString(dtype));
      const auto values = NamedValues(MeasureMatrix(MatrixOf(vector).to(dtype)));
      ASSERT_EQ(values.size(), vector.at("expected").size());
      for (const auto& [metric, value] : values) {
        SCOPED_TRACE(metric);
        // Rounding to float64's last digits is more than 1e-9 of a correlation that cancels to nearly nothing.
        EXPECT_PRED4(Close, value, NumberOf(vector.at("expected").at(metric)), relative, std::max(absolute, 1e-14));
      }
    }
  }
}

TEST(MatrixStatistics, SitesOfATrainingBatchAgreeWithTheReferenceVectors) {
  for (const auto& vector : Vectors().at("cases")) {
    for (const auto& [dtype, relative, absolute] : kPrecisions) {
      SCOPED_TRACE(vector.at("name").get<std::string>() + " in " + c10::toString(dtype));
      StatisticsTap tap({"all"});
      tap.OnSite("block", 3, MatrixOf(vector).to(dtype));
      const auto points = tap.Finish();
      ASSERT_EQ(points.size(), 5u);
      for (const MetricPoint& point : points) {
        SCOPED_TRACE(point.series.metric);
        EXPECT_PRED4(Close, point.value, NumberOf(vector.at("expected").at(point.series.metric)), relative, absolute);
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
      const MatrixStatistics statistics = MeasureMatrix(x);
      const bool centred = point.contains("kurtosis_centred");
      EXPECT_PRED4(Close, centred ? statistics.kurtosis_centred : statistics.kurtosis,
                   NumberOf(point.at(centred ? "kurtosis_centred" : "kurtosis")), 1e-9, 0);
    }
  }
}

// Kurt/d + (1−1/d)·ρ_F² = K_I/n + (1−1/n)·ρ_I² for any matrix, centred or not; K_I is the mean squared diagonal of
// x·xᵀ/d.
TEST(MatrixStatistics, NeuronAndTokenCorrelationsObeyTheirIdentity) {
  const at::Tensor x = at::randn({37, 20}, at::kDouble);
  const MatrixStatistics s = MeasureMatrix(x);
  const at::Tensor centred = x - x.mean(1, true);
  const at::Tensor diagonal = centred.square().mean(1) / centred.square().mean();
  const double n = 37, d = 20;
  EXPECT_NEAR(s.kurtosis_centred / d + (1 - 1 / d) * s.feature_corr_rms * s.feature_corr_rms,
              diagonal.square().mean().item<double>() / n + (1 - 1 / n) * s.token_corr_rms * s.token_corr_rms, 1e-12);
}

TEST(MatrixStatistics, KurtosisIgnoresScaleTokenOrderAndSigns) {
  const at::Tensor x = at::randn({50, 16}, at::kDouble) * at::arange(1, 17, at::kDouble);
  const double kurtosis = MeasureMatrix(x).kurtosis;
  EXPECT_NEAR(MeasureMatrix(x * 1e3).kurtosis, kurtosis, 1e-12);
  EXPECT_NEAR(MeasureMatrix(x.flip(0)).kurtosis, kurtosis, 1e-12);
  EXPECT_NEAR(MeasureMatrix(x * at::randn({16}).sign()).kurtosis, kurtosis, 1e-12);
}

TEST(MatrixStatistics, AttentionMapsAgreeWithTheReferenceVectors) {
  for (const auto& vector : Vectors().at("attention_cases")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const auto shape = vector.at("shape").get<std::vector<std::int64_t>>();
    for (const auto& [dtype, relative, absolute] : kPrecisions) {
      const at::Tensor attention = TensorOf(vector.at("attention"), shape).to(dtype);
      const auto& expected = vector.at("expected");
      EXPECT_PRED4(Close, AttentionEntropy(attention), NumberOf(expected.at("attention_entropy")), relative, absolute);
      EXPECT_PRED4(Close, SinkRate(attention), NumberOf(expected.at("sink_rate")), relative, absolute);
    }
  }
}

TEST(MatrixStatistics, MomentTermsAgreeWithTheReferenceVectors) {
  for (const auto& vector : Vectors().at("moment_cases")) {
    const MomentTerms terms = MeasureMomentTerms(MatrixOf(vector), MatrixOf(vector, "step"));
    for (int i = 0; i < 2; ++i) EXPECT_PRED4(Close, terms.m2[i], NumberOf(vector.at("m2_terms").at(i)), 1e-9, 0);
    for (int i = 0; i < 4; ++i) EXPECT_PRED4(Close, terms.m4[i], NumberOf(vector.at("m4_terms").at(i)), 1e-9, 0);
  }
}

TEST(StatisticsTap, DoesNotDependOnHowABatchIsCut) {
  const at::Tensor batch = at::randn({8, 16, 12}) * at::arange(1, 13);
  const std::vector<std::string> metrics = {"kurtosis", "kurtosis_centred", "mmr", "rms", "max_abs"};
  StatisticsTap whole(metrics), cut(metrics);
  whole.OnSite("embedding", std::nullopt, batch);
  for (const auto& [begin, rows] : std::vector<std::pair<int, int>>{{0, 1}, {1, 5}, {6, 2}}) {
    cut.OnSite("embedding", std::nullopt, batch.narrow(0, begin, rows));
  }
  const auto expected = whole.Finish();
  const auto actual = cut.Finish();
  ASSERT_EQ(actual.size(), metrics.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].series, expected[i].series);
    EXPECT_NEAR(actual[i].value, expected[i].value, 1e-6 * expected[i].value) << metrics[i];
  }
}

}  // namespace
}  // namespace ofsweep
