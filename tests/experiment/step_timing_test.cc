#include "experiment/step_timing.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(StepTiming, ReadsBackWhatWasWritten) {
  const StepTiming timing{.device = "cpu",
                          .precision = "fp32",
                          .threads = 2,
                          .rows = 16,
                          .pass_seconds = 0.125,
                          .optimizer_seconds = 0.5,
                          .step_seconds = 0.625,
                          .peak_bytes = 1234567890123,
                          .estimated_peak_bytes = 7,
                          .device_bytes = 8};
  const auto read = ParseStepTiming(ToJsonLine(timing));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJsonLine(*read), ToJsonLine(timing));
  EXPECT_EQ(read->peak_bytes, 1234567890123);
  EXPECT_EQ(read->step_seconds, 0.625);
}

TEST(StepTiming, RefusesWhatIsNone) {
  EXPECT_FALSE(ParseStepTiming("{\"device\": \"cpu\"}").ok());
  EXPECT_FALSE(ParseStepTiming("Killed").ok());
}

}  // namespace
}  // namespace ofsweep
