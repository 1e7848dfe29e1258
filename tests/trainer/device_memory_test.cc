#include "trainer/device_memory.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(FreeMemory, IsPartOfTheMachines) {
  EXPECT_GT(FreeDeviceMemoryBytes(at::kCPU), 0);
  EXPECT_LE(FreeDeviceMemoryBytes(at::kCPU), DeviceMemoryBytes(at::kCPU));
}

}  // namespace
}  // namespace ofsweep
