#include "host/memory.h"

#include <gtest/gtest.h>

#include "machine_files.h"

namespace ofsweep {
namespace {

const char kMeminfo[] = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:   12000 kB\n";

TEST(Memory, OfAMachineWithoutLimitsIsWhatItHasAndWhatItCanSpare) {
  const MachineFiles machine(MachineFiles::Files{{"proc/meminfo", kMeminfo}});
  EXPECT_EQ(MemoryBytes(machine.root()), 16000 * 1024);
  EXPECT_EQ(FreeMemoryBytes(machine.root()), 12000 * 1024);
}

TEST(Memory, IsTheLeastLimitAlongTheWholePath) {
  const MachineFiles machine(
      MachineFiles::Files{{"proc/meminfo", kMeminfo},
                          {"proc/self/cgroup", "0::/batch/job\n"},
                          {"sys/fs/cgroup/batch/memory.max", "8000000\n"},
                          {"sys/fs/cgroup/batch/memory.current", "5000000\n"},
                          {"sys/fs/cgroup/batch/memory.stat", "anon 4000000\ninactive_file 1000000\n"},
                          {"sys/fs/cgroup/batch/job/memory.max", "max\n"},
                          {"sys/fs/cgroup/batch/job/memory.current", "100\n"}});
  EXPECT_EQ(MemoryBytes(machine.root()), 8e6);
  EXPECT_EQ(FreeMemoryBytes(machine.root()), 4e6);  // files that were read once make room
}

TEST(Memory, OfVersion1IsLimitedToo) {
  const std::string group = "sys/fs/cgroup/memory/docker/abc/";
  const MachineFiles machine(
      MachineFiles::Files{{"proc/meminfo", kMeminfo},
                          {"proc/self/cgroup", "4:memory:/docker/abc\n0::/\n"},
                          {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
                          {"sys/fs/cgroup/memory/memory.usage_in_bytes", "9000000\n"},
                          {group + "memory.limit_in_bytes", "6000000\n"},
                          {group + "memory.usage_in_bytes", "2000000\n"},
                          {group + "memory.stat", "inactive_file 7\ntotal_inactive_file 500000\n"}});
  EXPECT_EQ(MemoryBytes(machine.root()), 6e6);
  EXPECT_EQ(FreeMemoryBytes(machine.root()), 4.5e6);
}

TEST(Memory, OfThisMachineIsPartlyFree) {
  EXPECT_GT(FreeMemoryBytes(), 0);
  EXPECT_LE(FreeMemoryBytes(), MemoryBytes());
}

TEST(OutOfMemoryKills, AreThoseOfOurGroupOrElseOfTheMachine) {
  const MachineFiles::Files without = {{"proc/self/cgroup", "0::/job\n"}, {"proc/vmstat", "pgfault 12\noom_kill 7\n"}};
  MachineFiles::Files with = without;
  with["sys/fs/cgroup/job/memory.events"] = "oom 3\noom_kill 2\n";
  EXPECT_EQ(OutOfMemoryKills(MachineFiles(without).root()), 7u);
  EXPECT_EQ(OutOfMemoryKills(MachineFiles(with).root()), 2u);
  EXPECT_EQ(OutOfMemoryKills(MachineFiles(MachineFiles::Files{
                                              {"proc/self/cgroup", "4:memory:/\n"},
                                              {"sys/fs/cgroup/memory/memory.oom_control", "under_oom 0\noom_kill 5\n"}})
                                 .root()),
            5u);
}

}  // namespace
}  // namespace ofsweep
