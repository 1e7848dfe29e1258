// Means of curves, step by step.
#include "storage/curve_means.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ofsweep {
namespace {

using testing::DoubleEq;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsNan;
using testing::SizeIs;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Curve Of(const std::string& trial, std::vector<std::int64_t> steps, std::vector<double> values, int layer = 0) {
  return {.trial_id = trial,
          .series = {.metric = "kurtosis", .layer = layer, .site = "block"},
          .steps = std::move(steps),
          .values = std::move(values)};
}

TEST(CurveMeans, AreOfTheTrialsThatReachAStep) {
  CurveMeans means(CurveMean::kArithmetic);
  means.Add(Of("a", {0, 10, 20}, {1, 2, 3}));
  means.Add(Of("b", {10, 20, 30}, {4, 7, 5}));
  const std::vector<Curve> curves = means.Take();
  ASSERT_THAT(curves, SizeIs(1));
  EXPECT_EQ(curves[0].trials, 2u);
  EXPECT_THAT(curves[0].steps, ElementsAre(0, 10, 20, 30));
  EXPECT_THAT(curves[0].values, ElementsAre(1, 3, 5, 5));
  EXPECT_THAT(curves[0].counts, ElementsAre(1, 2, 2, 1));
  EXPECT_THAT(curves[0].deviations, ElementsAre(IsNan(), DoubleEq(std::sqrt(2.0)), DoubleEq(std::sqrt(8.0)), IsNan()));
}

// One that diverged between two measurements of the others is alone there.
TEST(CurveMeans, AStepThatAnotherTrialPassedWithoutAValueIsLeftOut) {
  CurveMeans means(CurveMean::kArithmetic);
  means.Add(Of("a", {0, 10, 20}, {1, 2, 3}));
  means.Add(Of("diverged", {0, 10, 13}, {3, 8, 99}));
  const Curve curve = means.Take().at(0);
  EXPECT_THAT(curve.steps, ElementsAre(0, 10, 20));
  EXPECT_THAT(curve.values, ElementsAre(2, 5, 3));
  EXPECT_THAT(curve.counts, ElementsAre(2, 2, 1));
}

TEST(CurveMeans, SeriesAreApart) {
  CurveMeans means(CurveMean::kArithmetic);
  means.Add(Of("a", {0}, {1}, /*layer=*/1));
  means.Add(Of("a", {0}, {5}, /*layer=*/0));
  means.Add(Of("b", {0}, {3}, /*layer=*/1));
  const std::vector<Curve> curves = means.Take();
  ASSERT_THAT(curves, SizeIs(2));
  EXPECT_THAT(curves[0].values, ElementsAre(5));
  EXPECT_THAT(curves[1].values, ElementsAre(2));
}

TEST(CurveMeans, GeometricOnesAreTheExponentialOfTheMeanLogarithm) {
  CurveMeans means(CurveMean::kGeometric);
  means.Add(Of("a", {0, 1, 2}, {1, 10, 5}));
  means.Add(Of("b", {0, 1, 2}, {100, 1000, 0}));
  const Curve curve = means.Take().at(0);
  EXPECT_THAT(curve.values, ElementsAre(DoubleNear(10, 1e-12), DoubleNear(100, 1e-10), IsNan()));
  // The logarithms of 1 and 100 are ln 100 apart, so their deviation is ln 100 / √2.
  EXPECT_NEAR(curve.deviations[0], std::exp(std::log(100.0) / std::sqrt(2.0)), 1e-9);
  EXPECT_THAT(curve.deviations[2], IsNan());
}

// As in tables: a diverged trial is a result too.
TEST(CurveMeans, WhatIsNotFiniteStays) {
  CurveMeans means(CurveMean::kArithmetic);
  means.Add(Of("a", {0, 1, 2}, {kInf, kNaN, kInf}));
  means.Add(Of("b", {0, 1, 2}, {1, 2, -kInf}));
  const Curve curve = means.Take().at(0);
  EXPECT_EQ(curve.values[0], kInf);
  EXPECT_THAT(curve.values[1], IsNan());
  EXPECT_THAT(curve.values[2], IsNan());
  for (const double deviation : curve.deviations) EXPECT_THAT(deviation, IsNan());
}

// 1e9 + {0, 1, 2}: a sum of squares would lose the digits.
TEST(CurveMeans, LargeValuesKeepTheirDeviation) {
  CurveMeans means(CurveMean::kArithmetic);
  for (int i = 0; i < 3; ++i) means.Add(Of(std::to_string(i), {0}, {1e9 + i}));
  EXPECT_NEAR(means.Take().at(0).deviations[0], 1.0, 1e-6);
}

TEST(CurveMeans, ADeviationThatNoDoubleHoldsIsNotTold) {
  CurveMeans means(CurveMean::kArithmetic);
  means.Add(Of("a", {0}, {1e200}));
  means.Add(Of("b", {0}, {3e200}));
  const Curve curve = means.Take().at(0);
  EXPECT_DOUBLE_EQ(curve.values[0], 2e200);
  EXPECT_THAT(curve.deviations[0], IsNan());
}

}  // namespace
}  // namespace ofsweep
