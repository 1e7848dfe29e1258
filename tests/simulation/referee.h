#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/coordinator.h"
#include "tests/simulation/training_log.h"

namespace ofsweep {

// Holds what workers and users are told, and what the database has, against what was really trained. The first broken
// rule is kept in words.
class Referee {
 public:
  // What was promised, and rests on the database: a copy of the database goes with a copy of this.
  struct Promises {
    // By trial and step: the run whose points were acknowledged, and not superseded since.
    std::map<std::string, std::map<std::int64_t, std::size_t>> acknowledged;
    std::map<std::string, std::uint64_t> newest_writer;  // generation, by trial
    std::map<std::string, std::uint64_t> newest_told;    // likewise
    std::map<std::string, TrialState> results;           // completed and diverged trials
    std::map<std::string, std::uint64_t> deleted;        // generation of the newest attempt that was deleted, by trial
    std::uint64_t deletions_through = 0;
  };

  explicit Referee(TrainingLog& log) : log_(log) {}

  // A call was answered; what it says must be durable. `is_alone`: nothing was decided since.
  void Told(Store& store, const WorkerReport& report, const SynchronizeAnswer& answer, bool is_alone);
  // Before it is known whether points are stored: an attempt's first ones may have removed what is behind.
  void WillPush(const std::vector<AttemptPoints>& attempts);
  void Pushed(Store& store, const std::vector<AttemptPoints>& attempts, const std::vector<PushOutcome>& outcomes);

  // Users are shown exactly what is stored: no more, which a restart would take back, and no less.
  void CheckShown(Coordinator& coordinator, Store& store);
  // Whoever watches a sweep hears of ends again when the coordinator was started again.
  void CoordinatorStarted() { cursors_.clear(); }
  // What was acknowledged is there, results stay, and a curve is whole and of one training.
  void CheckStored(Store& store);
  // Nothing is left to do.
  void CheckFinished(Store& store);

  // How often each state of a trial and each end of an attempt is stored.
  static std::map<std::string, std::uint64_t> CountEnds(Store& store);

  const Promises& promises() const { return promises_; }
  void Recall(Promises promises) { promises_ = std::move(promises); }

  void Report(std::string violation);
  const std::string& violation() const { return violation_; }
  std::uint64_t checks() const { return checks_; }

 private:
  // Nothing is promised of a trial that was deleted, but that its attempts' names are not used again.
  void NoteDeletions(Store& store);
  bool IsDeleted(const AttemptName& name) const;
  void CheckLists(Store& store, const WorkerReport& report, const SynchronizeAnswer& answer);
  void CheckStart(Store& store, const WorkerReport& report, const AttemptStart& start, bool is_alone);
  void CheckForget(Store& store, const AttemptName& name, const AttemptReport* report);
  void CheckWhole(Store& store, const AttemptName& name, const AttemptEnd& end);
  void CheckTrial(Store& store, const TrialRow& row, const Fingerprints& fixed);
  void CheckResult(Store& store, const TrialRow& row, const std::map<std::int64_t, std::size_t>& curve);

  TrainingLog& log_;
  Promises promises_;
  std::map<AttemptName, std::string> told_to_;
  std::map<std::string, std::uint64_t> cursors_;
  std::uint64_t checks_ = 0;
  std::string violation_;
};

}  // namespace ofsweep
