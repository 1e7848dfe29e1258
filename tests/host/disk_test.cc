#include "host/disk.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(Disk, SaysNothingOfAPathThatThereIsNot) {
  EXPECT_TRUE(FreeBytesOnDiskOf(testing::TempDir()));
  EXPECT_FALSE(FreeBytesOnDiskOf(testing::TempDir() + "/no/such/folder"));
}

TEST(Disk, AQuotaAndALimitOfFileSizeAreFullDisksToo) {
  for (const int full : {ENOSPC, EDQUOT, EFBIG}) EXPECT_TRUE(IsNoSpace(full)) << full;
  EXPECT_FALSE(IsNoSpace(EIO));
}

}  // namespace
}  // namespace ofsweep
