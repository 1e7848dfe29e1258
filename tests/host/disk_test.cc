#include "host/disk.h"

#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

TEST(Disk, SaysNothingOfAPathThatThereIsNot) {
  EXPECT_TRUE(FreeBytesOnDiskOf(testing::TempDir()));
  EXPECT_FALSE(FreeBytesOnDiskOf(testing::TempDir() + "/no/such/folder"));
}

TEST(Disk, HasRoomForWhatFitsAndKeepsNothingOfTheTrial) {
  const TemporaryFolder folder;
  const std::string disk = folder.path().string();
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=8m") != 0) GTEST_SKIP() << "root is needed to mount a disk";
  EXPECT_TRUE(HasRoomFor(disk, 1 << 20));
  EXPECT_FALSE(HasRoomFor(disk, 64 << 20));
  EXPECT_TRUE(std::filesystem::is_empty(disk));
  std::ofstream(disk + "/full") << std::string(16 << 20, 'x');
  EXPECT_FALSE(HasRoomFor(disk, 1 << 20));
  ::umount2(disk.c_str(), MNT_DETACH);
  EXPECT_TRUE(HasRoomFor(disk + "/no/such/folder", 1)) << "that is another mistake";
}

TEST(Disk, AQuotaAndALimitOfFileSizeAreFullDisksToo) {
  for (const int full : {ENOSPC, EDQUOT, EFBIG}) EXPECT_TRUE(IsNoSpace(full)) << full;
  EXPECT_FALSE(IsNoSpace(EIO));
}

}  // namespace
}  // namespace ofsweep
