// The metrics of a training batch as a decoder's forward passes give them.

#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "experiment/trial_key.h"
#include "tests/trainer/tiny_model.h"
#include "trainer/statistics.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;

std::vector<std::string> ChoicesOfTheKey() {
  std::vector<std::string> choices = absl::StrSplit(std::string(FindTrialKey("measure.metrics")->choices), '|');
  std::erase(choices, "all");
  return choices;
}

// A decoder and its training batch; every test updates all weights by the same small step.
struct TinyTraining {
  explicit TinyTraining(const Overrides& overrides, at::ScalarType dtype = at::kDouble)
      : decoder(ModelShapeOf(TinyTrial(overrides)), 5, dtype, at::kCPU), inputs(RandomTokens(decoder.Shape(), 1)) {}

  void Update() {  // NOLINT(readability-make-member-function-const): the tensors are the decoder's
    const at::NoGradGuard no_grad;
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(9);
    for (const NamedTensor& parameter : decoder.Parameters()) {
      parameter.tensor.add_(at::randn(parameter.tensor.sizes(), generator, parameter.tensor.options()), 0.01);
    }
  }

  std::vector<MetricPoint> Measure(const std::vector<std::string>& metrics) {
    StatisticsTap tap(metrics);
    decoder.Hidden(inputs, &tap);
    if (tap.WantsUpdate()) {
      Update();
      tap.ModelIsUpdated();
      decoder.Hidden(inputs, &tap);
    }
    return tap.Finish();
  }

  Decoder decoder;
  at::Tensor inputs;
};

std::map<Series, double> BySeries(const std::vector<MetricPoint>& points) {
  std::map<Series, double> values;
  for (const MetricPoint& point : points) values[point.series] = point.value;
  return values;
}

TEST(StatisticsTap, AllStandsForEveryChoiceOfTheKey) {
  std::set<std::string> measured;
  for (const MetricPoint& point : TinyTraining({}).Measure({"all"})) measured.insert(point.series.metric);
  const auto choices = ChoicesOfTheKey();
  EXPECT_EQ(measured, std::set<std::string>(choices.begin(), choices.end()));
}

TEST(StatisticsTap, MeasuresEverySiteOfEveryBlockKind) {
  for (const auto& [block, expected] : std::map<std::string, std::vector<std::string>>{
           {"pre_norm", {"embedding", "block", "block", "final_norm", "attention", "attention"}},
           {"post_norm", {"embedding", "residual", "block", "residual", "block", "attention", "attention"}},
           {"op", {"embedding", "block", "block", "final_norm", "attention", "attention"}}}) {
    std::vector<std::string> sites;
    for (const MetricPoint& point : TinyTraining({{"model.block", Text(block)}}).Measure({"rms", "sink_rate"})) {
      sites.push_back(point.series.site);
    }
    EXPECT_EQ(sites, expected) << block;
  }
}

TEST(StatisticsTap, OneMetricAskedForGivesThisOneWithTheSameBits) {
  const auto all = BySeries(TinyTraining({}).Measure({"all"}));
  for (const std::string& metric : ChoicesOfTheKey()) {
    SCOPED_TRACE(metric);
    const auto alone = BySeries(TinyTraining({}).Measure({metric}));
    EXPECT_FALSE(alone.empty());
    for (const auto& [series, value] : alone) {
      EXPECT_EQ(series.metric, metric);
      EXPECT_EQ(value, all.at(series)) << series.site;
    }
  }
}

TEST(StatisticsTap, KeepsTheOrderAskedFor) {
  std::vector<std::string> metrics;
  for (const MetricPoint& point : TinyTraining({{"model.layers", std::int64_t{1}}}).Measure({"max_abs", "kurtosis"})) {
    metrics.push_back(point.series.metric);
  }
  EXPECT_THAT(metrics, ElementsAre("max_abs", "kurtosis", "max_abs", "kurtosis", "max_abs", "kurtosis"));
}

// Keeps the residual stream of a pass.
class Recorder : public ActivationTap {
 public:
  void OnSite(std::string_view site, std::optional<int> layer, const at::Tensor& x) override {
    sites.push_back({{"", layer, std::string(site)}, x.detach().to(at::kDouble).flatten(0, 1)});
  }
  std::vector<std::pair<Series, at::Tensor>> sites;
};

TEST(StatisticsTap, MomentsOfAnUpdateAgreeWithTwoPlainPasses) {
  for (const auto& [dtype, tolerance] : {std::pair(at::kDouble, 1e-12), std::pair(at::kFloat, 1e-4)}) {
    for (const char* block : {"pre_norm", "post_norm", "op"}) {
      SCOPED_TRACE(block);
      const Overrides overrides = {{"model.block", Text(block)}};
      const auto measured = BySeries(TinyTraining(overrides, dtype).Measure({"delta_m2", "delta_m4_second"}));

      TinyTraining plain(overrides, dtype);
      Recorder before, after;
      plain.decoder.Hidden(plain.inputs, &before);
      plain.Update();
      plain.decoder.Hidden(plain.inputs, &after);
      ASSERT_EQ(measured.size(), 2 * before.sites.size());
      for (std::size_t i = 0; i < before.sites.size(); ++i) {
        Series series = before.sites[i].first;
        const at::Tensor& x = before.sites[i].second;
        const at::Tensor step = after.sites[i].second - x;
        const at::Tensor s2 = x.square().mean(0), a = (x * step).mean(0), b = step.square().mean(0);
        const double change = after.sites[i].second.square().mean().item<double>() - x.square().mean().item<double>();
        const double second = (2 * s2 * b + 4 * a.square()).mean().item<double>();
        series.metric = "delta_m2";
        EXPECT_NEAR(measured.at(series), change, tolerance * std::abs(change)) << series.site;
        series.metric = "delta_m4_second";
        EXPECT_NEAR(measured.at(series), second, tolerance * second) << series.site;
      }
    }
  }
}

TEST(StatisticsTap, WithoutAnUpdateItsMetricsAreLeftOut) {
  TinyTraining training({});
  StatisticsTap tap({"delta_m2", "rms", "delta_m4_second"});
  training.decoder.Hidden(training.inputs, &tap);
  const auto points = tap.Finish();
  EXPECT_EQ(points.size(), 4u);
  for (const MetricPoint& point : points) EXPECT_EQ(point.series.metric, "rms");
}

// Without queries every score is 0, and a token attends equally to all before it: entropy mean_t ln(t), t = 1…6, and
// the first token has 1/t of the attention, 0.408 in the mean.
TEST(StatisticsTap, AttentionWithoutQueriesIsUniform) {
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat, at::kBFloat16}) {
    for (const char* regulation : {"none", "qk_norm", "tanh", "qk_norm_tanh"}) {
      TinyTraining training({{"model.entropy_regulation", Text(regulation)}}, dtype);
      for (const NamedTensor& parameter : training.decoder.Parameters()) {
        const at::NoGradGuard no_grad;
        if (parameter.name.ends_with("attn.q.weight")) parameter.tensor.zero_();
      }
      const auto values = BySeries(training.Measure({"attention_entropy", "sink_rate"}));
      ASSERT_EQ(values.size(), 4u);
      for (const auto& [series, value] : values) {
        SCOPED_TRACE(series.metric);
        EXPECT_EQ(series.site, "attention");
        EXPECT_NEAR(value, series.metric == "sink_rate" ? 1 : std::log(720.0) / 6, 1e-6);
      }
    }
  }
}

// Keeps both views of the attention maps: those shown beside the pass, and those that a pass through them works with.
class MapRecorder : public ActivationTap {
 public:
  explicit MapRecorder(bool places) : places_(places) {}
  void OnSite(std::string_view, std::optional<int>, const at::Tensor&) override {}
  bool WantsAttentionMaps() const override { return !places_; }
  void OnAttentionMaps(int, const at::Tensor& shown) override { maps.push_back(shown); }
  bool WantsPlaces() const override { return places_; }
  at::Tensor OnPlace(const std::string& place, const at::Tensor& x) override {
    if (place.ends_with("attn.probabilities")) maps.push_back(x);
    return x;
  }
  std::vector<at::Tensor> maps;

 private:
  bool places_;
};

TEST(StatisticsTap, SeesTheAttentionMapsOfThePass) {
  for (const char* regulation : {"none", "qk_norm_tanh"}) {
    for (const char* positions : {"learned", "rotary"}) {
      TinyTraining training({{"model.entropy_regulation", Text(regulation)}, {"model.positions", Text(positions)}});
      MapRecorder shown(false), worked_with(true);
      training.decoder.Hidden(training.inputs, &shown);
      training.decoder.Hidden(training.inputs, &worked_with);
      ASSERT_EQ(shown.maps.size(), 2u);
      for (std::size_t layer = 0; layer < 2; ++layer) {
        EXPECT_TRUE(at::allclose(shown.maps[layer], worked_with.maps[layer], 1e-12, 1e-14)) << regulation;
      }
    }
  }
}

TEST(StatisticsTap, MeasuringLeavesLossesAndGradientsAlone) {
  for (const char* block : {"pre_norm", "post_norm", "op"}) {
    for (const char* regulation : {"none", "qk_norm", "tanh"}) {
      SCOPED_TRACE(std::string(block) + " " + regulation);
      const Overrides overrides = {
          {"model.block", Text(block)}, {"model.entropy_regulation", Text(regulation)}, {"model.dropout", 0.2}};
      TinyTraining plain(overrides, at::kFloat), measured(overrides, at::kFloat);
      StatisticsTap tap({"all"});
      const at::Tensor loss = plain.decoder.Loss(plain.inputs, plain.inputs);
      const at::Tensor measured_loss = measured.decoder.Loss(measured.inputs, measured.inputs, &tap);
      loss.backward();
      measured_loss.backward();
      EXPECT_TRUE(at::equal(loss, measured_loss));
      for (std::size_t i = 0; i < plain.decoder.Parameters().size(); ++i) {
        EXPECT_TRUE(
            at::equal(plain.decoder.Parameters()[i].tensor.grad(), measured.decoder.Parameters()[i].tensor.grad()))
            << plain.decoder.Parameters()[i].name;
      }
      EXPECT_FALSE(tap.Finish().empty());
    }
  }
}

// What one pass over the columns gives, in every precision and by the reductions of a GPU.
TEST(ColumnSums, AreThoseOfTheDefinition) {
  const at::Tensor x = at::randn({201, 37}) * at::arange(1, 38);
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    const at::Tensor narrow = x.to(dtype);
    const at::Tensor exact = narrow.to(at::kDouble);
    for (const ColumnSums& sums :
         {SumColumns(narrow), SumColumns(narrow.t().contiguous().t()), SumColumnsByReductions(narrow)}) {
      EXPECT_TRUE(at::allclose(sums.squares, exact.square().sum(0), 2e-6, 0)) << dtype;
      EXPECT_EQ(sums.largest.item<double>(), exact.abs().max().item<double>()) << dtype;
    }
  }
}

TEST(MaxOverMedian, InFloat32IsThatOfFloat64) {
  for (const std::int64_t width : {1, 2, 7, 64, 193}) {
    at::Tensor x = at::randn({50, width}) * at::randn({50, 1}).exp();
    x[3].zero_();    // left out
    x[4].fill_(-2);  // ratio 1
    x[5][0] = 50;
    x[6].narrow(0, 0, width / 2 + 1).zero_();  // more than half: left out
    const TokenRatio narrow = MaxOverMedian(x);
    const TokenRatio wide = MaxOverMedian(x.to(at::kDouble));
    EXPECT_NEAR(narrow.sum.item<double>() / wide.sum.item<double>(), 1, 1e-6) << width;
    EXPECT_EQ(narrow.count.item<std::int64_t>(), wide.count.item<std::int64_t>()) << width;

    x[0].zero_();
    x[0][width - 1] = std::nan("");  // not left out, though most of the token is 0
    for (const at::Tensor& with_nan : {x, x.to(at::kDouble)}) {
      EXPECT_TRUE(std::isnan(MaxOverMedian(with_nan).sum.item<double>())) << width;
      EXPECT_EQ(MaxOverMedian(with_nan).count.item<std::int64_t>(), 48) << width;
    }
  }
}

TEST(ColumnSums, KeepNanAndInfinity) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double special : {std::nan(""), infinity, -infinity}) {
    for (const std::int64_t row : {0, 70, 99}) {
      at::Tensor x = at::ones({100, 8});
      x[row][3] = special;
      for (const ColumnSums& sums : {SumColumns(x), SumColumnsByReductions(x)}) {
        const double expected = std::isnan(special) ? special : infinity;
        const double largest = sums.largest.item<double>();
        const double squares = sums.squares[3].item<double>();
        EXPECT_TRUE(std::isnan(expected) ? std::isnan(largest) && std::isnan(squares)
                                         : largest == infinity && squares == infinity);
        EXPECT_EQ(sums.squares[4].item<double>(), 100);
      }
    }
  }
}

}  // namespace
}  // namespace ofsweep
