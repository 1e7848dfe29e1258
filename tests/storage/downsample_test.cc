// Down-sampling for pages: short curves stay whole, long ones lose no peak.
#include "storage/downsample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace ofsweep {
namespace {

using testing::ElementsAre;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Curve MakeCurve(std::vector<double> values, std::int64_t stride = 1) {
  Curve curve;
  for (std::size_t i = 0; i < values.size(); ++i) curve.steps.push_back(static_cast<std::int64_t>(i) * stride);
  curve.values = std::move(values);
  return curve;
}

TEST(DownsampleTest, AShortCurveStaysWhole) {
  Curve curve = MakeCurve({3, 1, 2});
  Downsample(curve, 3);
  EXPECT_THAT(curve.values, ElementsAre(3, 1, 2));
}

TEST(DownsampleTest, ABucketGivesItsSmallestLargestAndLastInOrderOfSteps) {
  Curve curve = MakeCurve({5, 9, 1, 4, 4, /**/ 2, 2, 2, 2, 2}, 10);
  Downsample(curve, 2);
  EXPECT_THAT(curve.steps, ElementsAre(10, 20, 40, 50, 90));
  EXPECT_THAT(curve.values, ElementsAre(9, 1, 4, 2, 2));
}

TEST(DownsampleTest, InfinitiesArePeaksAndTheFirstNaNStays) {
  Curve curve = MakeCurve({1, kInf, -kInf, kNaN, kNaN, 3, 2});
  Downsample(curve, 1);
  EXPECT_THAT(curve.steps, ElementsAre(1, 2, 3, 6));
  Curve nans = MakeCurve({kNaN, kNaN, 7, kNaN});
  Downsample(nans, 1);
  EXPECT_THAT(nans.steps, ElementsAre(0, 2, 3));
}

// What a map of layer by step shows: layers that are measured at the same steps have the same buckets.
TEST(DownsampleTest, PeaksAreABucketsLargestAtItsLastStep) {
  Curve curve = MakeCurve({5, 9, 1, 4, 4, /**/ 2, kNaN, 2, 2, 2}, 10);
  Downsample(curve, 2, /*peaks=*/true);
  EXPECT_THAT(curve.steps, ElementsAre(40, 90));
  EXPECT_THAT(curve.values, ElementsAre(9, 2));
}

TEST(DownsampleTest, CountsAndDeviationsOfAMeanStayWithTheirPoints) {
  Curve curve = MakeCurve({5, 9, 1, 4});
  curve.counts = {1, 2, 3, 4};
  curve.deviations = {0.1, 0.2, 0.3, 0.4};
  Downsample(curve, 1);
  EXPECT_THAT(curve.values, ElementsAre(9, 1, 4));
  EXPECT_THAT(curve.counts, ElementsAre(2, 3, 4));
  EXPECT_THAT(curve.deviations, ElementsAre(0.2, 0.3, 0.4));
}

TEST(DownsampleTest, RandomCurvesKeepEveryBucketsPeaksAndStayBounded) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t buckets = 1 + random() % 20;
    Curve whole;
    auto step = static_cast<std::int64_t>(random() % 100);
    for (std::size_t i = 0; i < 1 + random() % 500; ++i) {
      whole.steps.push_back(step += 1 + static_cast<std::int64_t>(random() % 7));
      whole.values.push_back(static_cast<double>(random() % 1000));
    }
    Curve cut = whole;
    Downsample(cut, buckets);
    ASSERT_TRUE(std::is_sorted(cut.steps.begin(), cut.steps.end()));
    ASSERT_LE(cut.steps.size(), std::max<std::size_t>(std::size_t{3} * buckets, 1));
    EXPECT_EQ(cut.steps.back(), whole.steps.back());
    EXPECT_EQ(*std::max_element(cut.values.begin(), cut.values.end()),
              *std::max_element(whole.values.begin(), whole.values.end()));
    EXPECT_EQ(*std::min_element(cut.values.begin(), cut.values.end()),
              *std::min_element(whole.values.begin(), whole.values.end()));
    for (std::size_t i = 0; i < cut.steps.size(); ++i) {
      const auto found = std::lower_bound(whole.steps.begin(), whole.steps.end(), cut.steps[i]);
      ASSERT_EQ(*found, cut.steps[i]);
      EXPECT_EQ(whole.values[static_cast<std::size_t>(found - whole.steps.begin())], cut.values[i]);
    }
  }
}

}  // namespace
}  // namespace ofsweep
