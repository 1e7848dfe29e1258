#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/attempt_secrets.h"
#include "coordinator/coordinator.h"
#include "storage/backup.h"
#include "tests/simulation/timeline.h"

namespace SQLite {
class Database;
}

namespace ofsweep {

// The real Coordinator on the real Store and a database file, on a machine where everything can happen to them.
//
// Writes fail in SQLite itself, by a trigger (and are slow by a lock) of a second connection: so all of the store is
// the real one, its groups, savepoints and caches included, and any table of an operation can be the one that fails.
class SimulatedCoordinator {
 public:
  SimulatedCoordinator(std::string folder, const Timeline& timeline, SchedulerOptions options);
  ~SimulatedCoordinator();

  bool is_up() const { return coordinator_ != nullptr; }
  void Start();
  void Stop();
  Coordinator& operator*() { return *coordinator_; }
  Coordinator* operator->() { return coordinator_.get(); }
  Store& store() { return *store_; }
  const AttemptSecrets& secrets() const { return *secrets_; }  // of the newest start

  // Copies the database as `ofsweep db backup` does.
  void Copy(const std::string& name);
  // The database is what it was when it was copied; only while nothing is up.
  void Restore(const std::string& name);

  // The next start has another attempt-key, as where a database was copied to another machine without it.
  void LoseKey();

  // From now on writes fail that touch one of a few tables.
  void BreakWrites(std::size_t which);
  void Mend();
  bool is_broken() const { return !broken_.empty(); }
  static const std::size_t kWaysToBreak;

  // A call of the coordinator that needs the mutex when it has read the clock so many times.
  struct Call {
    std::function<void()> run;
    int clock_reads = 1;
  };
  // Makes the calls at once, each on a thread, while the disk does not take a write: each has decided before the next
  // one begins, and none is durable before `meanwhile` has returned. Then the disk goes on.
  void Overlap(const std::vector<Call>& calls, const std::function<void()>& meanwhile);

 private:
  class SimulatedClock : public Clock {
   public:
    explicit SimulatedClock(const Timeline& timeline) : timeline_(timeline) {}
    TimeMs Now() const override;

   private:
    const Timeline& timeline_;
  };

  std::string Path(const std::string& name) const { return folder_ + "/" + name + ".db"; }
  void Execute(const std::string& sql);

  const std::string folder_;
  const Timeline& timeline_;
  CoordinatorOptions options_;
  SimulatedClock clock_;
  std::string broken_;
  std::unique_ptr<SQLite::Database> saboteur_;
  std::optional<AttemptSecrets> secrets_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Coordinator> coordinator_;
};

}  // namespace ofsweep
