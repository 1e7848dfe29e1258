#include "coordinator/scheduler_call.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "coordinator/scheduler_ends.h"
#include "coordinator/scheduler_reasons.h"

namespace ofsweep {
namespace {

class Call {
 public:
  Call(const WorkerReport& report, Turn& turn)
      : report_(report), turn_(turn), books_(turn.books()), worker_(turn.fleet().Ensure(report.worker_id)) {}

  SynchronizeAnswer Answer() {
    turn_.fleet().Seen(worker_, report_, turn_.now());
    for (const AttemptReport& attempt : report_.attempts) ReadAttempt(attempt);
    TakeUnreported();
    TellWhatIsKept();
    turn_.fleet().at(worker_).leaving = CountLeaving();
    // What it is told to delete must not be of a trial that it is told to start.
    if (TellDeletions()) {
      FillSlots();
      answer_.reason = WhyNoMore(turn_.state(), worker_, turn_.now());
    } else {
      answer_.reason = "nothing is started before the worker has heard of all deleted trials";
    }
    answer_.next_call_seconds = static_cast<double>(turn_.state().NextCallMs()) / 1000;
    return std::move(answer_);
  }

 private:
  const WorkerRecord& worker() const { return turn_.fleet().at(worker_); }

  void ReadAttempt(const AttemptReport& report) {
    const auto found = books_.FindTrialIndex(report.name.trial_id);
    if (!found && report.name.generation <= turn_.state().deletions.NewestOf(report.name.trial_id)) {
      answer_.forget.push_back(report.name);
      return;
    }
    if (!found) {
      // The database was restored from a copy. What the worker has will be of use when the sweep is submitted again.
      if (!report.end) answer_.stop.push_back({.name = report.name});
      return;
    }
    const TrialIndex index = *found;
    const TrialRecord& trial = books_.trial(index);
    const std::uint64_t generation = report.name.generation;
    if (trial.MayAdopt(generation) || trial.WasLostBy(worker_, generation)) {
      // An earlier attempt of the same trial makes way for it.
      const int others = worker().busy() - (worker().held.contains(index) ? 1 : 0);
      const bool slot_was_given_away = !report.end && others >= worker().slots;
      if (slot_was_given_away) {
        answer_.stop.push_back({report.name, StoredOf(trial, report)});
        return;
      }
      Adopt(index, generation);
    }
    if (!trial.Knows(generation) && !IsResult(trial)) {
      // The restored database has the trial failed or cancelled. Should it be wanted again, this attempt goes on.
      if (!report.end) answer_.stop.push_back({report.name, StoredOf(trial, report)});
      return;
    }
    if (!trial.IsHeldBy(worker_, generation)) {
      answer_.forget.push_back(report.name);
      return;
    }
    ReadHeld(index, report);
  }

  void ReadHeld(TrialIndex index, const AttemptReport& report) {
    TrialRecord& trial = books_.trial(index);
    trial.known = true;
    books_.RecordStep(index, report.step);
    trial.pace.Reported(report, turn_.now());
    // Told to continue what a database that was restored since does not hold.
    const bool continues_another = report.begun && !trial.begun() && report.begun->from_step > 0 &&
                                   report.begun->continued_generation != trial.curve_generation;
    const bool leaves_a_gap = report.begun && !continues_another && !books_.Begin(index, report.begun->from_step);
    if (continues_another || leaves_a_gap) {
      EndAttempt(index,
                 {.outcome = AttemptOutcome::kLost,
                  .message = absl::StrCat("it began with a checkpoint of step ", report.begun->from_step,
                                          leaves_a_gap ? "" : " of another training",
                                          ", and the curve is stored through step ", trial.stored_through)},
                 turn_);
      trial.adoptable = false;
      answer_.forget.push_back(report.name);
    } else if (report.end) {
      EndAttempt(index, *report.end, turn_);
      answer_.forget.push_back(report.name);
    } else {
      (trial.stopping ? answer_.stop : answer_.keep).push_back({report.name, trial.stored_through});
    }
  }

  static bool IsResult(const TrialRecord& trial) {
    return trial.state == TrialState::kCompleted || trial.state == TrialState::kDiverged;
  }

  // Through which step the stored curve is this attempt's own, as long as it is not adopted: where the database has not
  // heard of it, or not of its beginning, what is stored is of an earlier one.
  static std::int64_t StoredOf(const TrialRecord& trial, const AttemptReport& report) {
    if (report.name.generation == trial.generation && trial.begun()) return trial.stored_through;
    return report.begun ? report.begun->from_step : 0;
  }

  void Adopt(TrialIndex index, std::uint64_t generation) {
    TrialRecord& trial = books_.trial(index);
    if (generation > trial.generation) {
      if (trial.is_leased()) {
        EndAttempt(index,
                   {.outcome = AttemptOutcome::kLost,
                    .message = "a later attempt of its trial is known to a worker: the database was restored"},
                   turn_);
      }
      trial.generation = generation;
      ++trial.attempts;
      trial.started_at = turn_.now();
    }
    turn_.Lease(index, worker_, books_.OldestLive(trial));
    turn_.SetTrial(index, TrialState::kRunning, {.reason = "its worker is back"});
    turn_.RecordAttempt(index);
  }

  // An attempt that the worker does not report: as long as it never has, the answer that told it to start was lost;
  // once it has, the worker has restarted without it.
  void TakeUnreported() {
    absl::flat_hash_map<absl::string_view, std::uint64_t> reported;
    for (const AttemptReport& attempt : report_.attempts) {
      std::uint64_t& generation = reported[attempt.name.trial_id];
      generation = std::max(generation, attempt.name.generation);
    }
    const std::vector<TrialIndex> held(worker().held.begin(), worker().held.end());
    for (const TrialIndex index : held) {
      const TrialRecord& trial = books_.trial(index);
      const auto it = reported.find(trial.id);
      if (it != reported.end() && it->second >= trial.generation) continue;
      // Nor is one told again that another process started and this one leaves alone.
      const bool is_told_again = !trial.known && !trial.stopping && books_.IsOurs(trial);
      if (is_told_again) {
        answer_.start.push_back(StartOf(trial));
      } else {
        EndAttempt(index, {.outcome = AttemptOutcome::kLost, .message = "its worker restarted without it"}, turn_);
      }
    }
  }

  void TellWhatIsKept() {
    for (const AttemptName& name : answer_.forget) {
      const TrialRecord* trial = books_.FindTrial(name.trial_id);
      if (trial != nullptr && IsResult(*trial)) answer_.keep_checkpoints[trial->id] = books_.KeepOf(*trial);
    }
  }

  // False while there are more than fit into this answer.
  bool TellDeletions() {
    constexpr std::size_t kMost = 1000;
    const auto left = turn_.state().deletions.Behind(report_.deletions_followed);
    for (const DeletedTrial& trial : left.first(std::min(left.size(), kMost))) {
      answer_.deleted.push_back(trial.newest);
      answer_.deletions_through = trial.number;
    }
    return left.size() <= kMost;
  }

  // Processes without a lease. One that this database has not heard of does not count: it reports as running for as
  // long as nobody takes its points, which may be for ever, and its worker sees for itself when the slot is free.
  int CountLeaving() const {
    const auto is_leaving = [&](const AttemptReport& attempt) {
      const TrialRecord* trial = books_.FindTrial(attempt.name.trial_id);
      return !attempt.end && trial != nullptr && trial->Knows(attempt.name.generation) &&
             !trial->IsHeldBy(worker_, attempt.name.generation);
    };
    return static_cast<int>(std::count_if(report_.attempts.begin(), report_.attempts.end(), is_leaving));
  }

  void FillSlots() {
    while (turn_.fleet().ObstacleOn(worker_, turn_.now()) == Obstacle::kNone) {
      // What keeps failing holds up nothing new.
      const auto fresh = FindReady(/*retries_too=*/false);
      const auto place = fresh ? fresh : FindReady(/*retries_too=*/true);
      if (!place) return;
      Assign(*place);
    }
  }

  std::optional<Place> FindReady(bool retries_too) const {
    return books_.queue().FindFirst(worker().has_cuda, [&](Place place) {
      const TrialRecord& trial = books_.TrialAt(place);
      return (retries_too || trial.failures == 0) &&
             turn_.fleet().ObstacleTo(trial, worker_, turn_.now()) == Obstacle::kNone;
    });
  }

  void Assign(Place place) {
    const TrialIndex index = books_.IndexAt(place);
    TrialRecord& trial = books_.trial(index);
    turn_.Lease(index, worker_, place.sweep);
    trial.generation = std::max(trial.generation + 1, turn_.state().options.first_generation);
    ++trial.attempts;
    trial.started_at = turn_.now();
    trial.pace.Assigned(trial.generation, turn_.now());
    turn_.SetTrial(index, TrialState::kRunning, {.reason = absl::StrCat("assigned to ", worker().id)});
    turn_.RecordAttempt(index);
    answer_.start.push_back(StartOf(trial));
  }

  AttemptStart StartOf(const TrialRecord& trial) const {
    return {.name = {trial.id, trial.generation},
            .config_json = "",
            .attempt = std::max(0, trial.attempts - 1),
            .lease_seconds = static_cast<double>(turn_.state().options.lease_ms) / 1000,
            .stored_through = trial.stored_through,
            .curve_generation = trial.curve_generation,
            .keep_all_checkpoints = books_.KeepOf(trial) == KeepCheckpoints::kAll};
  }

  const WorkerReport& report_;
  Turn& turn_;
  Books& books_;
  const WorkerIndex worker_;
  SynchronizeAnswer answer_;
};

}  // namespace

SynchronizeAnswer AnswerCall(const WorkerReport& report, Turn& turn) {
  return Call(report, turn).Answer();
}

}  // namespace ofsweep
