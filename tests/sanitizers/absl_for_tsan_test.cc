// ThreadSanitizer sees what absl_for_tsan.cc tells it: what a mutex guards is no race, and what it does not guard is
// one.

#include <sanitizer/common_interface_defs.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace ofsweep {
namespace {

struct Shared {
  absl::Mutex mutex;
  absl::CondVar changed;
  int count = 0;
  bool done = false;
};

void Count(Shared& shared) {
  for (int i = 0; i < 1000; ++i) {
    const absl::MutexLock lock(&shared.mutex);
    ++shared.count;
    shared.changed.Signal();
  }
  const absl::MutexLock lock(&shared.mutex);
  shared.done = true;
  shared.changed.SignalAll();
}

void AwaitTheEnd(Shared& shared) {
  const absl::MutexLock lock(&shared.mutex);
  shared.mutex.Await(absl::Condition(&shared.done));
  ++shared.count;
}

void LockAtTheEnd(Shared& shared) {
  const absl::MutexLock lock(&shared.mutex, absl::Condition(&shared.done));
  ++shared.count;
}

void WaitForChanges(Shared& shared) {
  const absl::MutexLock lock(&shared.mutex);
  while (!shared.done) shared.changed.WaitWithTimeout(&shared.mutex, absl::Milliseconds(1));
  ++shared.count;
}

void TryOnce(Shared& shared) {
  if (!shared.mutex.TryLock()) return;
  ++shared.count;
  shared.mutex.Unlock();
}

void Read(Shared& shared) {
  const absl::ReaderMutexLock lock(&shared.mutex);
  EXPECT_GE(shared.count, 0);
}

TEST(AbslForTsan, WhatAMutexGuardsIsNoRace) {
  Shared shared;
  std::vector<std::thread> threads;
  for (auto* each : {Count, AwaitTheEnd, LockAtTheEnd, WaitForChanges, TryOnce, Read}) {
    threads.emplace_back(each, std::ref(shared));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(shared.count, 1003);
}

TEST(AbslForTsan, TheLastOwnerOfAStatusDestroysIt) {
  for (int i = 0; i < 100; ++i) {
    auto status = absl::InternalError("a message that is too long to be kept in place");
    std::thread other([copy = status] { EXPECT_FALSE(copy.message().empty()); });
    EXPECT_FALSE(status.message().empty());
    status = absl::OkStatus();
    other.join();
  }
}

TEST(AbslForTsanDeathTest, WhatItDoesNotGuardIsOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto race = [] {
    __sanitizer_set_report_path("stderr");  // it is no finding
    Shared shared;
    std::thread counter(Count, std::ref(shared));
    ++shared.count;
    counter.join();
    std::exit(0);
  };
  constexpr int kRaceFound = 66;  // ThreadSanitizer's own exit code
  EXPECT_EXIT(race(), testing::ExitedWithCode(kRaceFound), "data race");
}

}  // namespace
}  // namespace ofsweep
