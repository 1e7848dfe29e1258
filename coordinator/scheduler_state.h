#pragma once

#include <cstdint>
#include <string>

#include "coordinator/scheduler_books.h"
#include "coordinator/scheduler_deletions.h"
#include "coordinator/scheduler_fleet.h"

namespace ofsweep {

struct SchedulerOptions {
  // A worker that was silent for this long loses its leases.
  TimeMs lease_ms = 30'000;
  // Workers are asked to call so often that the whole fleet makes about this many calls a second, between 1 s and a
  // third of the lease.
  int calls_per_second = 200;
  // Failed attempts (crash, timeout) after which a trial has failed; out-of-memory has its own, for it seldom heals.
  int max_failures = 3;
  int max_oom_failures = 2;
  // Wait before a failed attempt is repeated; doubles with each failure.
  TimeMs retry_delay_ms = 10'000;
  // How much longer a trial waits for another worker than the one it crashed on, where there is one.
  TimeMs retry_elsewhere_ms = 60'000;
  QuarantineOptions quarantine;
  FleetLimits fleet = {};
  // Trials of this sweep alone start, those that it shares with others too; empty: of every sweep.
  std::string only_sweep = {};
  // Generations begin here, so that a database which was restored from a copy gives no name a second time: microseconds
  // since 1970, when the coordinator was started. (Between two starts a trial has fewer attempts than those pass: each
  // takes two calls of its worker.)
  std::uint64_t first_generation = 1;
};

// All that a decision rests on.
struct SchedulerState {
  explicit SchedulerState(const SchedulerOptions& given)
      : options(given), books(given.only_sweep), fleet(given.quarantine, given.fleet) {}

  // In how long a worker is to call again.
  TimeMs NextCallMs() const;

  SchedulerOptions options;
  Books books;
  Fleet fleet;
  Deletions deletions;
};

}  // namespace ofsweep
