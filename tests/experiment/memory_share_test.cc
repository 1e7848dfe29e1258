#include "experiment/memory_share.h"

#include <gmock/gmock.h>

#include "experiment/memory_advice.h"
#include "experiment/memory_estimate.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class MemoryShareTest : public testing::Test {
 protected:
  MemoryShareTest() {
    config_ = TrialConfig::FromOverrides({{"model.vocabulary", std::int64_t{50'257}},
                                          {"model.preset", std::string("opt-125m")},
                                          {"train.batch_size", std::int64_t{16}},
                                          {"train.device", std::string("cpu")},
                                          {"train.precision", std::string("fp32")}});
    ResolveAuto(config_);
    needs_ = EstimateMemory(config_, 16).peak;
  }

  std::string Why(double together, int slots) const { return WhyItsShareIsTooSmall(config_, 16, {together, slots}); }

  TrialConfig config_;
  double needs_ = 0;
};

TEST_F(MemoryShareTest, TwoTrialsThatEachNeedMoreThanHalfDoNotShareAMachine) {
  const double free = 1.1 * needs_;
  EXPECT_EQ(Why(free, 1), "");
  EXPECT_EQ(RoomFor(config_, 16, free), 1);
  EXPECT_THAT(Why(free, 2), AllOf(HasSubstr("needs " + Gigabytes(needs_)),
                                  HasSubstr("its share of this worker is " + Gigabytes(free / 2)),
                                  HasSubstr("(" + Gigabytes(free) + " free / 2 slots)"), HasSubstr("use --slots 1"),
                                  HasSubstr("train.micro_batch_size: ")));
  EXPECT_EQ(Why(2 * needs_, 2), "");
  EXPECT_EQ(RoomFor(config_, 16, 2 * needs_), 2);
}

TEST_F(MemoryShareTest, FewerSlotsHelpOnlyWhereOneTrialFits) {
  EXPECT_THAT(Why(0.9 * needs_, 3), AllOf(HasSubstr("3 slots"), Not(HasSubstr("--slots"))));
  EXPECT_THAT(Why(0.9 * needs_, 1),
              AllOf(HasSubstr("this machine has " + Gigabytes(0.9 * needs_) + " free"), Not(HasSubstr("slots"))));
}

TEST_F(MemoryShareTest, OfAGpuTheSlotsOfThatGpuAreMeant) {
  config_.Set("train.device", std::string("cuda:0"));
  EXPECT_THAT(Why(1.1 * needs_, 2), AllOf(HasSubstr("its share of this GPU"),
                                          HasSubstr("use --slots 1 on a worker with one GPU (2 with two), or ")));
}

// A model that cannot be trained here can be evaluated here, down to what the evaluation itself needs.
TEST_F(MemoryShareTest, AnEvaluationIsRefusedForItsOwnNeedsAlone) {
  config_.Set("evaluate.int8", false);
  const auto why = [&](double bytes) { return WhyItCannotBeEvaluated(config_, 16, {bytes, 1}); };
  const double whole = BytesToEvaluate(config_, 16), least = BytesToEvaluate(config_, 1);
  EXPECT_LT(whole, EstimateMemory(config_, 16).peak / 2);
  EXPECT_GT(least, EstimateMemory(config_, 1).weights);
  EXPECT_EQ(why(whole), "");
  EXPECT_THAT(why((whole + least) / 2), AllOf(HasSubstr("needs " + Gigabytes(whole)),
                                              HasSubstr("train.micro_batch_size: 1, which needs " + Gigabytes(least))));
  EXPECT_THAT(why(1), AllOf(HasSubstr("1 bytes"), HasSubstr("a larger one")));
  config_.Set("evaluate.int8", true);
  EXPECT_GT(BytesToEvaluate(config_, 16), 2 * EstimateMemory(config_, 16).weights);
}

}  // namespace
}  // namespace ofsweep
