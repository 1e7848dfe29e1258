#include "coordinator/disk_health.h"

#include <gtest/gtest.h>

#include "tests/coordinator/coordinator_world.h"

namespace ofsweep {
namespace {

TEST(DiskHealth, IsOverWhenAProbeSucceedsAndNoWriteHasFailedForSomeTime) {
  ManualClock clock;
  DiskHealth disk(clock);
  EXPECT_TRUE(disk.status().ok());
  const absl::Status full = absl::ResourceExhaustedError("ofsweep.db: no space is left");
  disk.NoteFailure(full);
  EXPECT_EQ(disk.status(), full);
  disk.NoteProbe();
  EXPECT_EQ(disk.status(), full) << "a small write fitted";
  clock.now += 9'000;
  disk.NoteFailure(full);
  clock.now += 9'000;
  disk.NoteProbe();
  EXPECT_EQ(disk.status(), full);
  clock.now += 1'000;
  disk.NoteProbe();
  EXPECT_TRUE(disk.status().ok());
}

}  // namespace
}  // namespace ofsweep
