// The scheduler through a million events of crashes, delays, duplicates and restarts, by seed. A seed that fails is
// printed; OFSWEEP_SIMULATION_SEED=N runs it alone.
#include <cstdlib>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace ofsweep {
namespace {

constexpr std::uint64_t kSeeds = 150;
constexpr std::uint64_t kEventsPerSeed = 10'000;

TEST(SchedulerSimulation, EverySweepEndsAndNoRuleIsBroken) {
  const char* only = std::getenv("OFSWEEP_SIMULATION_SEED");
  const std::uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const std::uint64_t last = only == nullptr ? kSeeds : first;
  std::uint64_t events = 0;
  std::map<std::string, std::uint64_t> seen;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    World world(seed);
    EXPECT_EQ(world.Run(kEventsPerSeed), "") << "OFSWEEP_SIMULATION_SEED=" << seed;
    events += world.events();
    for (const auto& [what, count] : world.seen()) seen[what] += count;
  }
  if (only != nullptr) return;
  EXPECT_GE(events, 1'000'000u);
  // A simulation in which nothing happens proves nothing.
  for (const char* what :
       {"completed", "diverged", "failed", "cancelled", "crash", "oom", "timeout", "bad_config", "bad_data", "lost",
        "lease expired", "preempted", "adopted", "quarantine", "restart", "mended"}) {
    EXPECT_GE(seen[what], 100u) << what;
  }
}

}  // namespace
}  // namespace ofsweep
