#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/database_connection.h"
#include "storage/series_table.h"
#include "storage/store.h"
#include "storage/trial_results.h"

namespace ofsweep {

// Appends and seals points on the writer's connection. The caller opens and ends the transactions, and calls Forget()
// after each rollback. SQLite's errors are thrown.
//
// A trial's points with step <= its sealed_through lie in sealed_points, all others in recent_points. A late or resent
// point goes to the table its step belongs to, where the primary key finds its double; so no point can be lost or in
// both.
class PointWrites {
 public:
  PointWrites(DatabaseConnection& connection, std::int64_t seal_every_steps);

  // As Store::AppendPoints.
  absl::StatusOr<PushCounts> Append(const AttemptName& attempt, std::int64_t from_step, const PointColumns& points);
  // Removes what earlier attempts left behind `from_step`; once for each attempt.
  void Begin(const AttemptName& attempt, std::int64_t from_step);

  // Asks for all present points of the trial to be sealed.
  void RequestSeal(const std::string& trial_id);
  // Asks for what a crash left unsealed: points of trials in a final state.
  void RequestInterruptedSeals();
  bool HasSealWork() const { return !seals_.empty(); }
  std::size_t seals() const { return seals_.size(); }
  // The first that is still to do.
  std::chrono::steady_clock::time_point seals_asked_at() const { return seals_.front().asked_at; }
  // Moves the oldest steps of the first trials in line, a bounded number of points, so that other writes need not wait
  // long. Of many short trials it moves several: each would cost a commit of its own.
  void SealSlice();
  // After the commit of a slice.
  void SliceIsDurable();

  // Trials were deleted: their points are to be removed.
  void ClearDeleted();
  bool HasClearWork() const { return has_clear_work_; }
  // A bounded number of them.
  void ClearSlice();

  // What is remembered may be of rows that a rollback has removed.
  void Forget();

 private:
  struct Seal {
    std::int64_t trial = 0;
    std::int64_t through = 0;
    std::string trial_id;
    std::chrono::steady_clock::time_point asked_at;
  };

  // Null when there is no such trial.
  TrialResults* Find(const std::string& trial_id);
  void BeginCurve(TrialResults& trial, const AttemptName& attempt, std::int64_t from_step);
  // Of a step that no point of the trial is of yet: all of row_ at once, by ascending series. False, and nothing done,
  // where one is named twice.
  bool InsertNewest(std::int64_t trial, std::int64_t step);
  void AppendRow(TrialResults& trial, const PointColumns& points, std::size_t row,
                 const std::vector<SeriesTable::Entry>& series, PushCounts& counts);
  void WriteResults(const TrialResults& trial);
  void AskForSeal(std::int64_t trial, std::int64_t through, const std::string& trial_id);
  // Moves about `room` points of it at most; returns how much of the room is used.
  std::int64_t SealSome(const Seal& seal, std::int64_t room);
  std::int64_t LastStepOfSlice(const Seal& seal, std::int64_t room);

  DatabaseConnection& connection_;
  const std::int64_t seal_every_steps_;
  SeriesTable series_;
  Statement find_;
  Statement write_results_;
  Statement insert_recent_;
  Statement insert_sealed_;
  // Many points by one statement cost half of what they cost one by one: SQLite looks for their place once.
  Statement insert_32_;
  Statement insert_8_;
  std::vector<std::pair<std::int64_t, double>> row_;  // series and value of a step, while it is appended
  std::unordered_map<std::string, TrialResults> trials_;
  std::deque<Seal> seals_;
  bool has_clear_work_;              // a former run may have left some
  std::size_t sealed_in_slice_ = 0;  // of the front ones, that the slice at hand completes
};

}  // namespace ofsweep
