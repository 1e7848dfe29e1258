#include "coordinator/sweep_intake.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/submission.h"
#include "coordinator/sweep_views.h"
#include "experiment/flat_json.h"
#include "experiment/sha256.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

// Of a trial that runs or has ended the configuration says how it was trained.
bool IsToBeTrained(const Books& books, const std::string& trial_id) {
  const TrialRecord* known = books.FindTrial(trial_id);
  return known != nullptr && known->state != TrialState::kRunning && known->state != TrialState::kCompleted &&
         known->state != TrialState::kDiverged;
}

// Where the inputs of trials lie that are still to be trained, for all that is seen there: the files of an older sweep
// may have been moved since.
std::vector<ConfigChange> InputsThatMayHaveMoved(const Books& books, const std::vector<SubmittedTrial>& trials) {
  std::vector<ConfigChange> changes;
  for (const SubmittedTrial& trial : trials) {
    if (trial.seen_paths.empty() || !IsToBeTrained(books, trial.row.trial_id)) continue;
    changes.push_back({trial.row.trial_id, FlatJsonText(Overrides(trial.seen_paths.begin(), trial.seen_paths.end()))});
  }
  return changes;
}

// How those of these trials are trained from now on that are still to be trained: what `rows` say of the keys.
void ChangeOperations(const Books& books, const std::vector<TrialRow>& rows, const std::vector<std::string>& keys,
                      std::vector<ConfigChange>& changes) {
  for (const TrialRow& row : rows) {
    if (keys.empty() || !IsToBeTrained(books, row.trial_id)) continue;
    const std::optional<TrialConfig> config = ReadFlatJson(row.config_json);
    Overrides values;
    for (const std::string& key : keys) values.emplace(key, config->Get(key));
    changes.push_back({row.trial_id, FlatJsonText(values)});
  }
}

// Of the keys in which specifications differ, those of a trial.
std::vector<std::string> KeysOfTrials(std::vector<std::string> differing) {
  std::erase_if(differing, [](const std::string& key) { return FindTrialKey(key) == nullptr; });
  return differing;
}

SweepSpec SpecOf(const SweepRow& stored) {
  std::vector<Problem> ignored;  // it was checked when it was submitted
  return ParseSweepSpec(stored.spec, stored.file, ignored);
}

// Those of a sweep's trials behind the first `known` that run already, for another one.
std::vector<std::string> RunningTrials(const Books& books, const SweepRecord& sweep, std::size_t known) {
  std::vector<std::string> running;
  for (std::size_t i = known; i < sweep.trials.size(); ++i) {
    const TrialRecord& trial = books.trial(sweep.trials[i]);
    if (trial.state == TrialState::kRunning) running.push_back(trial.id);
  }
  return running;
}

std::vector<NewTrial> NewTrialsOf(const std::vector<SubmittedTrial>& submitted) {
  std::vector<NewTrial> trials;
  trials.reserve(submitted.size());
  for (const SubmittedTrial& trial : submitted) {
    trials.push_back({trial.row.trial_id, trial.row.target_steps, trial.needs_cuda, trial.row.data_fingerprint});
  }
  return trials;
}

// Behind those of `rows`.
std::vector<TrialRow> RowsOf(std::vector<SubmittedTrial> submitted, std::vector<TrialRow> rows = {}) {
  rows.reserve(rows.size() + submitted.size());
  for (SubmittedTrial& trial : submitted) rows.push_back(std::move(trial.row));
  return rows;
}

SweepSettings SettingsOf(const Submission& submission, const SweepSpec& spec) {
  SweepSettings settings = ReadSweepSettings(spec, submission.file);
  settings.spec_sha256 = Sha256Hex(submission.text);
  return settings;
}

}  // namespace

absl::StatusOr<bool> SweepIntake::KnowsText(const std::optional<SweepRow>& stored, const std::string& text) {
  if (!stored) return false;
  return stored->spec == text ? absl::StatusOr<bool>(true) : store_.HadSpec(stored->name, text);
}

absl::Status SweepIntake::ReadInputs(const std::string& sweep, const SweepSpec& stored, SweepSpec& spec) {
  absl::StatusOr<Fingerprints> read = store_.SubmittedInputs(sweep);
  if (!read.ok()) return read.status();
  for (const DataInput& input : InputsOf(stored)) {
    if (!read->contains(input)) spec.fingerprints.erase(input);
  }
  spec.fingerprints.merge(*std::move(read));
  return absl::OkStatus();
}

absl::Status SweepIntake::ReadReplica(const std::string& sweep, SweepSpec& spec) {
  const bool says_it =
      spec.trial.contains("replica") || std::any_of(spec.axes.begin(), spec.axes.end(), [](const Axis& axis) {
        return std::any_of(axis.points.begin(), axis.points.end(),
                           [](const Overrides& point) { return point.contains("replica"); });
      });
  if (says_it) return absl::OkStatus();
  const absl::StatusOr<std::vector<std::string>> read = store_.Replicas(sweep);
  if (!read.ok()) return read.status();
  std::set<std::string> given;
  for (const std::string& replica : *read) given.insert(GivenReplica(sweep, replica));
  const bool is_one = given.size() == 1 && !given.begin()->empty();
  if (is_one) spec.trial.insert_or_assign("replica", *given.begin());
  return absl::OkStatus();
}

SweepRow SweepIntake::RowOf(const Submission& submission, TimeMs submitted_at, TimeMs updated_at) const {
  SweepRow row{.name = submission.spec.name,
               .attributes = submission.spec.attributes,
               .spec = submission.text,
               .submitted_at = submitted_at,
               .updated_at = updated_at,
               .file = submission.file,
               .revision = revision_,
               .owner = submission.owner};
  row.spec_sha256 = Sha256Hex(row.spec);
  return row;
}

absl::StatusOr<SubmitResult> SweepIntake::Submit(const Submission& submission, std::vector<Problem>& problems) {
  return TakeIn(submission, /*may_be_new=*/true, problems);
}

absl::StatusOr<SubmitResult> SweepIntake::TakeIn(const Submission& submission, bool may_be_new,
                                                 std::vector<Problem>& problems) {
  const SweepSpec& spec = submission.spec;
  auto settings = std::make_shared<const SweepSettings>(SettingsOf(submission, spec));
  ByteRoom::Share share(expansions_);
  auto trials = ExpandSubmission(spec, *settings, problems, share, submission.is_cancelled);
  if (!trials.ok()) return trials.status();
  const auto stored = store_.FindSweep(spec.name);
  if (!stored.ok()) return stored.status();
  const auto knows_text = KnowsText(*stored, submission.text);
  if (!knows_text.ok()) return knows_text.status();
  const TimeMs now = clock_.Now();

  SubmitResult result;
  result.sweep.name = spec.name;
  result.sweep.submitted_at = now;
  std::string difference;
  if (*stored && (*stored)->spec != submission.text) {
    const SweepSpec had = SpecOf(**stored);
    result.differing_keys = DifferingKeys(had, spec);
    difference = DescribeDifference(had, spec);
  }
  std::vector<std::string> running;
  CommitLog::Ticket ticket;
  {
    absl::MutexLock lock(&state_.log.mutex());
    if (absl::Status status = state_.log.Refresh(); !status.ok()) return status;
    ticket = state_.log.MakeTicket();
    ticket.RepeatsEarlier();
    const Books& books = state_.scheduler.books();
    if (const auto existing = books.FindSweepIndex(spec.name); existing.ok()) {
      // A replica is asked for on purpose, so its text alone does not name it.
      const bool known_text = *knows_text && !spec.trial.contains("replica");
      const absl::Status same = CheckIsSame(books, *existing, spec.attributes, *trials, known_text, difference);
      if (!same.ok()) return same;
      result.sweep = SummarizeDecided(state_.scheduler, books.sweeps()[*existing], now);
      Decision moved;
      moved.change.configs = InputsThatMayHaveMoved(books, *trials);
      if (!submission.validate_only) state_.log.Enqueue(std::move(moved), now, ticket);
    } else if (!may_be_new) {
      return existing.status();
    } else {
      IdentifyAll(books, spec.name, *trials, result);
      const absl::Status quota = CheckQuota(books, submission.owner, *trials, most_trials_, problems);
      if (!quota.ok()) return quota;
      if (submission.validate_only) {
        result.sweep.counts[TrialState::kPending] = trials->size();
        result.would_be = RowOf(submission, now, 0);
      } else {
        state_.settings[spec.name] = std::move(settings);
        std::vector<ConfigChange> moved = InputsThatMayHaveMoved(books, *trials);
        Decision decision =
            state_.scheduler.AddSweep(spec.name, submission.owner, spec.attributes, NewTrialsOf(*trials), now);
        decision.change.new_sweep = NewSweep{RowOf(submission, now, 0), RowsOf(*std::move(trials))};
        decision.change.configs = std::move(moved);
        state_.log.Enqueue(std::move(decision), now, ticket);
        result.created = true;
        const SweepRecord& added = *books.FindSweep(spec.name);
        result.sweep = SummarizeDecided(state_.scheduler, added, now);
        running = RunningTrials(books, added, 0);
      }
    }
  }
  if (absl::Status status = announcer_.Commit(state_.log, std::move(ticket)); !status.ok()) return status;
  announcer_.AnnounceJoined(spec.name, running);
  return result;
}

absl::StatusOr<SubmitResult> SweepIntake::Update(const Submission& submission, std::vector<Problem>& problems) {
  SweepSpec spec = submission.spec;
  const auto stored = store_.FindSweep(spec.name);
  if (!stored.ok()) return stored.status();
  const auto knows_text = KnowsText(*stored, submission.text);
  if (!knows_text.ok()) return knows_text.status();
  SubmitResult result;
  if (*stored) {
    const SweepSpec had = SpecOf(**stored);
    result.differing_keys = DifferingKeys(had, spec);
    if (*knows_text && result.differing_keys.empty()) return TakeIn(submission, /*may_be_new=*/false, problems);
    absl::Status status = ReadInputs(spec.name, had, spec);
    status.Update(ReadReplica(spec.name, spec));
    if (!status.ok()) return status;
  }
  auto settings = std::make_shared<const SweepSettings>(SettingsOf(submission, spec));
  ByteRoom::Share share(expansions_);
  auto trials = ExpandSubmission(spec, *settings, problems, share, submission.is_cancelled);
  if (!trials.ok()) return trials.status();
  const TimeMs now = clock_.Now();

  std::vector<std::string> running;
  CommitLog::Ticket ticket;
  {
    absl::MutexLock lock(&state_.log.mutex());
    if (absl::Status status = state_.log.Refresh(); !status.ok()) return status;
    ticket = state_.log.MakeTicket();
    ticket.RepeatsEarlier();
    const Books& books = state_.scheduler.books();
    const auto index = books.FindSweepIndex(spec.name);
    if (!index.ok()) return index.status();
    const std::size_t known = books.sweeps()[*index].trials.size();
    auto updated = Divide(books, *index, *std::move(trials));
    if (!updated.ok()) return updated.status();
    IdentifyAll(books, spec.name, updated->added, result);
    if (!updated->added.empty()) {
      const std::string& owner = books.sweeps()[*index].owner;
      const absl::Status quota = CheckQuota(books, owner, updated->added, most_trials_, problems);
      if (!quota.ok()) return quota;
    }
    // The same call may have been sent twice at once.
    result.updated = state_.settings[spec.name]->spec_sha256 != settings->spec_sha256;
    result.added = updated->added.size();
    if (result.updated && !submission.validate_only) {
      std::vector<ConfigChange> configs = InputsThatMayHaveMoved(books, updated->added);
      ChangeOperations(books, updated->held, KeysOfTrials(result.differing_keys), configs);
      absl::StatusOr<Decision> decision =
          state_.scheduler.UpdateSweep(spec.name, spec.attributes, NewTrialsOf(updated->added), now);
      if (!decision.ok()) return decision.status();
      state_.settings[spec.name] = std::move(settings);
      decision->change.updated_sweep =
          NewSweep{RowOf(submission, 0, now), RowsOf(std::move(updated->added), std::move(updated->held))};
      decision->change.configs = std::move(configs);
      state_.log.Enqueue(*std::move(decision), now, ticket);
    }
    result.sweep = SummarizeDecided(state_.scheduler, books.sweeps()[*index], now);
    if (result.updated && submission.validate_only) {
      const bool is_cancelled = result.sweep.state == SweepState::kCancelled;
      result.sweep.counts[is_cancelled ? TrialState::kCancelled : TrialState::kPending] += result.added;
      result.would_be = RowOf(submission, 0, now);
    }
    running = RunningTrials(books, books.sweeps()[*index], known);
  }
  if (absl::Status status = announcer_.Commit(state_.log, std::move(ticket)); !status.ok()) return status;
  announcer_.AnnounceUpdated(spec.name, running);
  return result;
}

}  // namespace ofsweep
