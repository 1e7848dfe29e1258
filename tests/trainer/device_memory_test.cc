#include "trainer/device_memory.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(FreeMemory, IsPartOfTheMachines) {
  EXPECT_GT(FreeMemoryBytes(at::kCPU), 0);
  EXPECT_LE(FreeMemoryBytes(at::kCPU), DeviceMemoryBytes(at::kCPU));
}

}  // namespace
}  // namespace ofsweep
