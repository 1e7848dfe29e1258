#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordinator/coordinator.h"
#include "tests/temporary_folder.h"

namespace SQLite {
class Database;
}

namespace ofsweep {

class ManualClock : public Clock {
 public:
  TimeMs Now() const override { return now; }
  TimeMs now = 1'000'000'000'000;
};

// A coordinator on a real database in a folder of its own, with a clock moved by hand.
class CoordinatorWorld {
 public:
  CoordinatorWorld();
  ~CoordinatorWorld();

  // As if the process had died and started again on the same database.
  void Restart();
  Coordinator& coordinator() { return *coordinator_; }
  Store& store() { return *store_; }

  // What lies at the path of trials that name none.
  static Fingerprints SeenData();
  // Two blocks × the seeds: `2 * seeds` trials of 100 steps, of that data.
  absl::StatusOr<SubmitResult> Submit(const std::string& name, int seeds = 1);
  absl::StatusOr<SubmitResult> SubmitText(const std::string& yaml, bool validate_only = false, Fingerprints seen = {});
  absl::StatusOr<SubmitResult> UpdateText(const std::string& yaml, bool validate_only = false, Fingerprints seen = {});
  absl::StatusOr<SynchronizeAnswer> Call(const std::string& worker, int slots,
                                         std::vector<AttemptReport> attempts = {});
  absl::StatusOr<PushOutcome> Push(const AttemptName& name, const std::vector<StepPoints>& steps);
  TrialRow Stored(const std::string& trial_id);
  std::uint64_t Count(const std::string& sweep, TrialState state);

  // From now on every change of a trial fails in the database, as if the disk were full, until Mend().
  void BreakTrialWrites();
  void Mend();
  // As if the disk were slow: no write takes effect until ReleaseWrites(), which has to come within seconds.
  void HoldWrites();
  void ReleaseWrites();

  // As if that part of the file were damaged.
  void LoseConfiguration(const std::string& trial_id);

  CoordinatorOptions options;               // of the next Restart()
  CoordinatorObserver* observer = nullptr;  // likewise
  ManualClock clock;
  std::vector<Problem> problems;

 private:
  void Execute(const std::string& sql);
  absl::StatusOr<Submission> Read(const std::string& yaml, bool validate_only, Fingerprints seen);

  const TemporaryFolder folder_;
  std::unique_ptr<SQLite::Database> held_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Coordinator> coordinator_;
};

StepPoints Step(std::int64_t step, double train_loss);
// Of 100 steps, as Submit's trials have.
AttemptReport Completed(const AttemptName& name);

}  // namespace ofsweep
