#include "trainer/device_memory.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(ShareOfMemory, ByHandIsAllThatIsFree) {
  const MemoryShare share = ShareOfMemory(at::kCPU, {});
  EXPECT_GT(share.Bytes(), 0);
  EXPECT_LE(share.Bytes(), DeviceMemoryBytes(at::kCPU));
}

TEST(ShareOfMemory, OfASlotIsAnEqualPartOfWhatTheAgentHasSeen) {
  EXPECT_EQ(ShareOfMemory(at::kCPU, {.slots = 4, .memory_bytes = 8e9}).Bytes(), 2e9);
}

}  // namespace
}  // namespace ofsweep
