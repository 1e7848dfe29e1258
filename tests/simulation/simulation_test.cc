// The real coordinator on a real database, and the real supervisors, outboxes and forwarders of workers, through
// hundreds of thousands of events: crashes, delays, duplicates, restarts, restored databases and users who change their
// minds. All by a seed: OFSWEEP_SIMULATION_SEED=N runs the one that failed, OFSWEEP_SIMULATION_SEEDS=N as many as
// asked for.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/simulation/world.h"

namespace ofsweep {
namespace {

constexpr std::uint64_t kSeeds = 40;
constexpr std::uint64_t kEventsPerSeed = 5'000;

std::uint64_t Number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// In memory where there is room for it.
std::string Folder() {
  const std::string shared_memory = "/dev/shm/";
  const std::string parent = ::access(shared_memory.c_str(), W_OK) == 0 ? shared_memory : testing::TempDir();
  return absl::StrCat(parent, "ofsweep-simulation-", ::getpid());
}

void Print(const char* what, const std::map<std::string, std::uint64_t>& counts) {
  std::printf("%s:", what);
  for (const auto& [name, count] : counts)
    std::printf(" %s %llu,", name.c_str(), static_cast<unsigned long long>(count));
  std::printf("\n");
}

TEST(Simulation, EverySweepEndsAndNoPromiseIsBroken) {
  spdlog::set_level(spdlog::level::off);
  const std::uint64_t only = Number("OFSWEEP_SIMULATION_SEED", 0);
  const std::uint64_t first = only > 0 ? only : 1;
  const std::uint64_t last = only > 0 ? only : Number("OFSWEEP_SIMULATION_SEEDS", kSeeds);
  std::uint64_t events = 0;
  std::uint64_t checks = 0;
  std::uint64_t violations = 0;
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> ends;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::string folder = Folder();
    World world(seed, folder);
    const std::string violation = world.Run(kEventsPerSeed);
    EXPECT_EQ(violation, "") << "OFSWEEP_SIMULATION_SEED=" << seed;
    violations += violation.empty() ? 0 : 1;
    events += world.events();
    checks += world.checks();
    for (const auto& [what, count] : world.faults()) faults[what] += count;
    for (const auto& [what, count] : world.ends()) ends[what] += count;
    std::filesystem::remove_all(folder);
  }
  std::uint64_t all_faults = 0;
  for (const auto& [what, count] : faults) all_faults += count;
  std::printf("%llu seeds, %llu events, %llu faults, %llu checks, %llu violations\n",
              static_cast<unsigned long long>(last) - first + 1, static_cast<unsigned long long>(events),
              static_cast<unsigned long long>(all_faults), static_cast<unsigned long long>(checks),
              static_cast<unsigned long long>(violations));
  Print("faults", faults);
  Print("ends", ends);
  if (last - first + 1 < kSeeds) return;
  EXPECT_GE(events, 200'000u);
  // A simulation in which nothing happens proves nothing.
  for (const char* fault : {"call lost",
                            "call doubled",
                            "call delayed",
                            "worker killed",
                            "worker silent",
                            "worker stopped",
                            "worker had a deadline",
                            "folder emptied",
                            "folder copied",
                            "outbox lost",
                            "outbox cut",
                            "outbox damaged",
                            "coordinator restarted",
                            "killed before a write",
                            "killed after a write",
                            "killed with calls in flight",
                            "database restored",
                            "write failed",
                            "calls met a hanging disk",
                            "calls met a failing disk",
                            "user acted"}) {
    EXPECT_GE(faults[fault], 5u) << fault;
  }
  for (const char* end :
       {"completed", "diverged", "lost", "preempted", "cancelled", "crash", "oom", "timeout", "bad_data", "bad_config",
        "other_data", "trial completed", "trial diverged", "trial failed", "trial cancelled"}) {
    EXPECT_GE(ends[end], 3u) << end;
  }
}

}  // namespace
}  // namespace ofsweep
