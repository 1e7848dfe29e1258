#include "host/cores.h"

#include <sched.h>

#include <limits>

#include <gtest/gtest.h>

#include "machine_files.h"

namespace ofsweep {
namespace {

double Quota(const MachineFiles::Files& files) {
  return CpuQuota(MachineFiles(files).root());
}

TEST(CpuQuota, IsTheLeastAlongTheWholePath) {
  EXPECT_EQ(Quota({{"proc/self/cgroup", "0::/batch/job/step\n"},
                   {"sys/fs/cgroup/batch/cpu.max", "800000 100000\n"},
                   {"sys/fs/cgroup/batch/job/cpu.max", "150000 100000\n"},
                   {"sys/fs/cgroup/batch/job/step/cpu.max", "max 100000\n"}}),
            1.5);
}

TEST(CpuQuota, OfVersion1IsItsCfsQuota) {
  const std::string cpu = "sys/fs/cgroup/cpu/docker/abc/";
  const std::string cgroup = "7:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n";
  EXPECT_EQ(Quota({{"proc/self/cgroup", cgroup},
                   {cpu + "cpu.cfs_quota_us", "300000\n"},
                   {cpu + "cpu.cfs_period_us", "100000\n"}}),
            3);
  EXPECT_EQ(
      Quota(
          {{"proc/self/cgroup", cgroup}, {cpu + "cpu.cfs_quota_us", "-1\n"}, {cpu + "cpu.cfs_period_us", "100000\n"}}),
      std::numeric_limits<double>::infinity());
}

// Without a cgroup namespace the path is the host's, of which only the container's own group is mounted.
TEST(CpuQuota, OfAContainerIsAtTheRootOfWhatItSees) {
  EXPECT_EQ(Quota({{"proc/self/cgroup", "0::/system.slice/docker-1234.scope\n"},
                   {"sys/fs/cgroup/cpu.max", "200000 100000\n"}}),
            2);
}

TEST(CpuQuota, OfBothVersionsAtOnceTheSecondHasAFolderOfItsOwn) {
  EXPECT_EQ(Quota({{"proc/self/cgroup", "1:cpu:/\n0::/user\n"},
                   {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                   {"sys/fs/cgroup/unified/user/cpu.max", "100000 50000\n"}}),
            2);
}

TEST(CpuQuota, IsNoneWhereNothingSaysSo) {
  EXPECT_EQ(Quota({}), std::numeric_limits<double>::infinity());
  EXPECT_EQ(Quota({{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", ""}}),
            std::numeric_limits<double>::infinity());
}

TEST(UsableCores, FollowTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_LE(UsableCores(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int core = 0; CPU_COUNT(&one) == 0; ++core) {
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(UsableCores(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

TEST(ThreadsOfATrial, AreItsShareOfTheCores) {
  EXPECT_EQ(ThreadsOfATrial(8, 1, nullptr), 8);
  EXPECT_EQ(ThreadsOfATrial(8, 3, nullptr), 2);
  EXPECT_EQ(ThreadsOfATrial(2, 5, nullptr), 1);
}

TEST(ThreadsOfATrial, AreNoMoreThanOmpNumThreads) {
  EXPECT_EQ(ThreadsOfATrial(8, 1, "3"), 3);
  EXPECT_EQ(ThreadsOfATrial(8, 4, "3"), 2);
  EXPECT_EQ(ThreadsOfATrial(8, 1, "4,2"), 4);
  for (const char* meaningless : {"", "0", "-2", "many"}) EXPECT_EQ(ThreadsOfATrial(8, 1, meaningless), 8);
}

}  // namespace
}  // namespace ofsweep
