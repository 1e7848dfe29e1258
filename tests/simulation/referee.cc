#include "tests/simulation/referee.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "experiment/trial_config.h"

namespace ofsweep {
namespace {

template <class Value>
Value Read(absl::StatusOr<Value> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}

// By step, the run that has trained it.
std::map<std::int64_t, std::size_t> ReadCurve(Store& store, const std::string& trial_id) {
  std::map<std::int64_t, std::size_t> runs;
  const absl::Status status =
      store.VisitCurves({.trial_ids = {trial_id}, .metrics = {"train_loss"}}, [&](const Curve& curve) {
        for (std::size_t i = 0; i < curve.steps.size(); ++i) {
          runs[curve.steps[i]] = static_cast<std::size_t>(curve.values[i]);
        }
        return true;
      });
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return runs;
}

std::optional<AttemptRow> FindAttempt(Store& store, const AttemptName& name) {
  for (AttemptRow& row : Read(store.ListAttempts(name.trial_id))) {
    if (row.name == name) return std::move(row);
  }
  return std::nullopt;
}

std::string InWords(SweepState state, const std::map<TrialState, std::uint64_t>& counts) {
  std::string words(Name(state));
  for (const auto& [trial_state, count] : counts)
    absl::StrAppend(&words, " ", count, " ", std::string(Name(trial_state)));
  return words;
}

bool IsResult(TrialState state) {
  return state == TrialState::kCompleted || state == TrialState::kDiverged;
}

// The first one that it measures: step 0 is before any update, and a checkpoint's step is of whoever wrote it.
std::int64_t FirstStepOf(const TrainingRun& run) {
  return run.from_step > 0 ? run.from_step + 1 : 0;
}

const AttemptReport* Find(const WorkerReport& report, const AttemptName& name) {
  for (const AttemptReport& attempt : report.attempts) {
    if (attempt.name == name) return &attempt;
  }
  return nullptr;
}

}  // namespace

void Referee::NoteDeletions(Store& store) {
  for (const DeletedTrial& trial : Read(store.ListDeletedTrials())) {
    if (trial.number <= promises_.deletions_through) continue;
    promises_.deletions_through = trial.number;
    promises_.deleted[trial.newest.trial_id] = trial.newest.generation;
    promises_.acknowledged.erase(trial.newest.trial_id);
    promises_.results.erase(trial.newest.trial_id);
  }
}

bool Referee::IsDeleted(const AttemptName& name) const {
  const auto deleted = promises_.deleted.find(name.trial_id);
  return deleted != promises_.deleted.end() && name.generation <= deleted->second;
}

// ---- what workers are told ----

void Referee::Told(Store& store, const WorkerReport& report, const SynchronizeAnswer& answer, bool is_alone) {
  ++checks_;
  NoteDeletions(store);
  for (const AttemptReport& attempt : report.attempts) log_.Heard(attempt.name);
  CheckLists(store, report, answer);
  const auto leases = static_cast<int>(answer.start.size() + answer.keep.size());
  if (!answer.start.empty() && leases > report.slots && report.slots > 0) {
    Report(absl::StrCat(report.worker_id, " is to run ", leases, " trials in ", report.slots, " slots"));
  }
  for (const AttemptStart& start : answer.start) CheckStart(store, report, start, is_alone);
}

// Each reported attempt is in one list; one that ended, and that a restored database has not heard of, in none.
void Referee::CheckLists(Store& store, const WorkerReport& report, const SynchronizeAnswer& answer) {
  std::map<AttemptName, int> named;
  std::set<AttemptName> unproven(report.unproven.begin(), report.unproven.end());
  for (const Holding& holding : answer.keep) ++named[holding.name];
  for (const Holding& holding : answer.stop) ++named[holding.name];
  for (const AttemptName& name : answer.forget) {
    if (unproven.erase(name) > 0) continue;
    ++named[name];
    CheckForget(store, name, Find(report, name));
  }
  if (!unproven.empty())
    Report(absl::StrCat(ToText(*unproven.begin()), ", without its secret, is not to be forgotten"));
  for (const AttemptReport& attempt : report.attempts) {
    const std::optional<TrialRow> row = Read(store.FindTrial(attempt.name.trial_id));
    const bool is_unheard_of = !row || row->generation < attempt.name.generation;
    const int lists = named[attempt.name];
    if (lists != 1 && !(lists == 0 && is_unheard_of && attempt.end)) {
      Report(absl::StrCat(ToText(attempt.name), " is in ", lists, " lists"));
    }
  }
}

void Referee::CheckStart(Store& store, const WorkerReport& report, const AttemptStart& start, bool is_alone) {
  const std::string words = absl::StrCat(ToText(start.name), ", to start on ", report.worker_id, ",");
  const std::optional<TrialRow> row = Read(store.FindTrial(start.name.trial_id));
  const std::optional<AttemptRow> attempt = FindAttempt(store, start.name);
  const bool is_stored = row && attempt && row->generation >= start.name.generation;
  const bool is_so = is_stored && !attempt->end && row->generation == start.name.generation &&
                     row->worker == report.worker_id && row->state == TrialState::kRunning;
  if (!is_stored || (is_alone && !is_so)) Report(absl::StrCat(words, " is not stored so"));
  if (Find(report, start.name) != nullptr) Report(absl::StrCat(words, " was reported by it"));
  const auto [holder, is_new] = told_to_.try_emplace(start.name, report.worker_id);
  if (holder->second != report.worker_id) Report(absl::StrCat(words, " was told to ", holder->second));
  std::uint64_t& newest = promises_.newest_told[start.name.trial_id];
  if (IsDeleted(start.name)) Report(absl::StrCat(words, " was deleted"));
  if (start.name.generation < newest) Report(absl::StrCat(words, " comes after ", newest));
  newest = std::max(newest, start.name.generation);
}

void Referee::CheckForget(Store& store, const AttemptName& name, const AttemptReport* report) {
  if (IsDeleted(name)) return;
  const std::optional<TrialRow> row = Read(store.FindTrial(name.trial_id));
  if (!row) return Report(absl::StrCat(ToText(name), " is to be forgotten, of a trial that is not stored"));
  const bool is_overtaken = row->generation > name.generation || promises_.newest_told[name.trial_id] > name.generation;
  const std::optional<AttemptRow> attempt = FindAttempt(store, name);
  const bool is_recorded = attempt && attempt->end;
  if (!is_recorded && !is_overtaken && !IsResult(row->state)) {
    return Report(absl::StrCat(ToText(name),
                               " is to be forgotten, but is neither recorded nor overtaken; its trial is ",
                               std::string(Name(row->state))));
  }
  // An end at step 0 claims no points: the outbox may be lost, or damaged before the first.
  const bool has_points = report != nullptr && report->end && report->end->step > 0;
  const bool is_its_end =
      is_recorded && has_points && row->generation == name.generation && attempt->end->outcome == report->end->outcome;
  if (is_its_end) CheckWhole(store, name, *report->end);
}

// Points were acknowledged before the end was told: all of them are stored.
void Referee::CheckWhole(Store& store, const AttemptName& name, const AttemptEnd& end) {
  const auto run = log_.Find(name);
  if (!run) return;
  const auto curve = ReadCurve(store, name.trial_id);
  for (std::int64_t step = FirstStepOf(log_.at(*run)); step <= end.step; ++step) {
    const auto point = curve.find(step);
    if (point != curve.end() && point->second == *run) continue;
    return Report(absl::StrCat(ToText(name), ", which began at step ", log_.at(*run).from_step,
                               ", has its end recorded at step ", end.step, " without its step ", step,
                               point == curve.end() ? "" : ", which is of " + ToText(log_.at(point->second).name)));
  }
}

// ---- points ----

void Referee::WillPush(const std::vector<AttemptPoints>& attempts) {
  for (const AttemptPoints& attempt : attempts) {
    auto& points = promises_.acknowledged[attempt.name.trial_id];
    const auto run = log_.Find(attempt.name);
    if (!run) continue;
    for (auto point = points.lower_bound(FirstStepOf(log_.at(*run))); point != points.end();) {
      const bool is_older = log_.at(point->second).name.generation < attempt.name.generation;
      point = is_older ? points.erase(point) : std::next(point);
    }
  }
}

void Referee::Pushed(Store& store, const std::vector<AttemptPoints>& attempts,
                     const std::vector<PushOutcome>& outcomes) {
  ++checks_;
  NoteDeletions(store);
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const auto& [name, from_step, after_step, columns] = attempts[i];
    if (!outcomes[i].taken() || IsDeleted(name)) continue;
    log_.Heard(name);
    std::uint64_t& newest = promises_.newest_writer[name.trial_id];
    if (name.generation < newest) {
      Report(absl::StrCat(ToText(name), " writes after attempt ", newest, " has written"));
    }
    newest = std::max(newest, name.generation);
    const std::optional<AttemptRow> attempt = FindAttempt(store, name);
    if (!attempt) Report(absl::StrCat(ToText(name), " writes, and is not stored"));
    const bool is_over = attempt && attempt->end && attempt->end->outcome != AttemptOutcome::kLost;
    if (is_over) Report(absl::StrCat(ToText(name), " writes after its end is recorded"));
    const auto run = log_.Find(name);
    if (!run) {
      Report(absl::StrCat(ToText(name), " writes without a trainer"));
      continue;
    }
    for (const PointColumns::Row& row : columns->rows) promises_.acknowledged[name.trial_id][row.step] = *run;
  }
}

// ---- users ----

void Referee::CheckShown(Coordinator& coordinator, Store& store) {
  ++checks_;
  std::vector<SweepRow> stored = Read(store.ListSweeps(1'000'000, 0));
  std::reverse(stored.begin(), stored.end());
  const std::vector<SweepSummary> shown = coordinator.views().Summaries();
  if (shown.size() != stored.size()) {
    return Report(absl::StrCat(shown.size(), " sweeps are shown, and ", stored.size(), " are stored"));
  }
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const std::string& name = stored[i].name;
    const std::string shown_words = InWords(shown[i].state, shown[i].counts);
    const std::string stored_words = InWords(stored[i].state, Read(store.CountTrials(name)));
    if (shown[i].name != name || shown_words != stored_words) {
      return Report(absl::StrCat("sweep ", name, " is shown as ", shown_words, ", and is stored as ", stored_words));
    }
    const SweepProgress progress = Read(coordinator.views().Progress(name, cursors_[name], 1'000'000));
    cursors_[name] = progress.finished_cursor;
    for (const FinishedTrial& finished : progress.finished) {
      const std::optional<TrialRow> row = Read(store.FindTrial(finished.trial_id));
      // It may have been wanted again meanwhile, which has a row for its earlier attempt too.
      if (!row) Report(absl::StrCat("trial ", finished.trial_id, " is shown as finished, and is not stored"));
    }
  }
}

// ---- the database ----

void Referee::CheckStored(Store& store) {
  ++checks_;
  NoteDeletions(store);
  std::set<std::string> seen;
  for (const SweepRow& sweep : Read(store.ListSweeps(1'000'000, 0))) {
    const Fingerprints fixed = Read(store.FixedInputs(sweep.name));
    for (const TrialRow& row : Read(store.LoadTrials(sweep.name))) {
      CheckTrial(store, row, fixed);
      seen.insert(row.trial_id);
    }
  }
  for (const auto& [trial_id, points] : promises_.acknowledged) {
    if (!points.empty() && !seen.contains(trial_id)) Report(absl::StrCat("trial ", trial_id, " is gone"));
  }
}

void Referee::CheckTrial(Store& store, const TrialRow& row, const Fingerprints& fixed) {
  const auto curve = ReadCurve(store, row.trial_id);
  for (const auto& [step, run] : promises_.acknowledged[row.trial_id]) {
    const auto point = curve.find(step);
    if (point == curve.end() || point->second != run) {
      return Report(absl::StrCat(ToText(log_.at(run).name), ": its step ", step, " was acknowledged and is gone"));
    }
  }
  if (const auto result = promises_.results.find(row.trial_id);
      result != promises_.results.end() && result->second != row.state) {
    return Report(absl::StrCat("trial ", row.trial_id, " had a result, and is ", std::string(Name(row.state))));
  }
  if (!IsResult(row.state)) return;
  promises_.results[row.trial_id] = row.state;
  CheckResult(store, row, curve);
  const bool is_trained = violation_.empty() && !curve.empty();
  if (is_trained && row.data_fingerprint != log_.at(curve.rbegin()->second).fingerprint) {
    Report(absl::StrCat("trial ", row.trial_id, " is said to be of other data than it was trained on"));
  }
  std::vector<Problem> ignored;
  const TrialConfig config = ParseTrialJson(Read(store.FindTrial(row.trial_id))->config_json, "", ignored);
  for (const InputKeys& keys : kInputKeys) {
    const auto input = InputOf(config, keys);
    const auto found = input && config.IsAuto(keys.fingerprint) ? fixed.find(*input) : fixed.end();
    if (found != fixed.end() && found->second != row.data_fingerprint) {
      Report(absl::StrCat("trial ", row.trial_id, " was trained on other data than its sweep's first one"));
    }
  }
}

void Referee::CheckResult(Store& store, const TrialRow& row, const std::map<std::int64_t, std::size_t>& curve) {
  const std::string trial = absl::StrCat("trial ", row.trial_id, ", ", std::string(Name(row.state)), ",");
  const std::optional<AttemptRow> attempt = FindAttempt(store, {row.trial_id, row.generation});
  const auto run = log_.Find({row.trial_id, row.generation});
  if (!attempt || !attempt->end || !run || !log_.at(*run).finished ||
      log_.at(*run).finished->outcome != attempt->end->outcome) {
    return Report(absl::StrCat(trial, " was not trained to that end"));
  }
  std::int64_t step = -1;
  for (const auto& [stored_step, stored_run] : curve) {
    if (stored_step != ++step) return Report(absl::StrCat(trial, " has no point at step ", step));
    const std::size_t trained_by = log_.TrainerOf(*run, step);
    if (stored_run != trained_by) {
      Report(absl::StrCat(trial, " has step ", step, " of ", ToText(log_.at(stored_run).name),
                          ", and its last attempt goes on from a checkpoint of ", ToText(log_.at(trained_by).name)));
    }
    if (log_.at(stored_run).name.generation > row.generation) {
      return Report(absl::StrCat(trial, " has step ", step, " of the later ", ToText(log_.at(stored_run).name)));
    }
    if (step >= FirstStepOf(log_.at(*run)) && stored_run != *run) {
      return Report(
          absl::StrCat(trial, " is of two trainings: step ", step, " is of ", ToText(log_.at(stored_run).name)));
    }
    if (log_.at(stored_run).fingerprint != log_.at(*run).fingerprint) {
      return Report(absl::StrCat(trial, " is of two corpora"));
    }
  }
  if (step != log_.at(*run).finished->step) Report(absl::StrCat(trial, " has a curve that ends at step ", step));
}

void Referee::CheckFinished(Store& store) {
  CheckStored(store);
  for (const SweepRow& sweep : Read(store.ListSweeps(1'000'000, 0))) {
    for (const TrialRow& row : Read(store.LoadTrials(sweep.name))) {
      if (!IsTerminal(row.state)) {
        Report(absl::StrCat("trial ", row.trial_id, " is ", std::string(Name(row.state)), " at the end"));
      }
    }
  }
}

std::map<std::string, std::uint64_t> Referee::CountEnds(Store& store) {
  std::map<std::string, TrialState> states;
  for (const SweepRow& sweep : Read(store.ListSweeps(1'000'000, 0))) {
    for (const TrialRow& row : Read(store.LoadTrials(sweep.name))) states[row.trial_id] = row.state;
  }
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [trial_id, state] : states) {
    ++counts[absl::StrCat("trial ", std::string(Name(state)))];
    for (const AttemptRow& attempt : Read(store.ListAttempts(trial_id))) {
      if (!attempt.end) continue;
      const bool has_failed = attempt.end->outcome == AttemptOutcome::kFailed;
      ++counts[std::string(has_failed ? Name(attempt.end->failure) : Name(attempt.end->outcome))];
    }
  }
  return counts;
}

void Referee::Report(std::string violation) {
  if (violation_.empty()) violation_ = std::move(violation);
}

}  // namespace ofsweep
