#include "coordinator/sweep_intake.h"

#include <memory>
#include <utility>

#include "coordinator/submission.h"
#include "coordinator/sweep_views.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

// Where the inputs of trials lie that are still to be trained, for all that is seen there: the files of an older sweep
// may have been moved since.
std::vector<MovedInput> InputsThatMayHaveMoved(const Books& books, const std::vector<SubmittedTrial>& trials) {
  std::vector<MovedInput> inputs;
  for (const SubmittedTrial& trial : trials) {
    const TrialRecord* known = books.FindTrial(trial.row.trial_id);
    const bool is_to_be_trained = known != nullptr && known->state != TrialState::kRunning &&
                                  known->state != TrialState::kCompleted && known->state != TrialState::kDiverged;
    if (!is_to_be_trained) continue;
    for (const auto& [key, path] : trial.seen_paths) inputs.push_back({trial.row.trial_id, key, path});
  }
  return inputs;
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

absl::Status SweepIntake::ReadInputs(const SweepRow& stored, SweepSpec& spec) {
  absl::StatusOr<Fingerprints> read = store_.SubmittedInputs(stored.name);
  if (!read.ok()) return read.status();
  std::vector<Problem> ignored;  // it was checked when it was submitted
  for (const DataInput& input : InputsOf(ParseSweepSpec(stored.spec, stored.file, ignored))) {
    if (!read->contains(input)) spec.fingerprints.erase(input);
  }
  spec.fingerprints.merge(*std::move(read));
  return absl::OkStatus();
}

SweepRow SweepIntake::RowOf(const Submission& submission, TimeMs submitted_at, TimeMs updated_at) const {
  SweepRow row{.name = submission.spec.name,
               .attributes = submission.spec.attributes,
               .spec = submission.text,
               .submitted_at = submitted_at,
               .updated_at = updated_at,
               .file = submission.file,
               .revision = revision_};
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
  auto trials = ExpandSubmission(spec, *settings, problems);
  if (!trials.ok()) return trials.status();
  const auto stored = store_.FindSweep(spec.name);
  if (!stored.ok()) return stored.status();
  const auto knows_text = KnowsText(*stored, submission.text);
  if (!knows_text.ok()) return knows_text.status();
  const TimeMs now = clock_.Now();

  SubmitResult result;
  result.sweep.name = spec.name;
  result.sweep.submitted_at = now;
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
      if (absl::Status same = CheckIsSame(books, *existing, spec.attributes, *trials, known_text); !same.ok())
        return same;
      result.sweep = SummarizeDecided(state_.scheduler, books.sweeps()[*existing], now);
      Decision moved;
      moved.change.moved_inputs = InputsThatMayHaveMoved(books, *trials);
      if (!submission.validate_only) state_.log.Enqueue(std::move(moved), now, ticket);
    } else if (!may_be_new) {
      return existing.status();
    } else {
      IdentifyAll(books, spec.name, *trials, result);
      if (submission.validate_only) {
        result.sweep.counts[TrialState::kPending] = trials->size();
        result.would_be = RowOf(submission, now, 0);
      } else {
        state_.settings[spec.name] = std::move(settings);
        std::vector<MovedInput> moved = InputsThatMayHaveMoved(books, *trials);
        Decision decision = state_.scheduler.AddSweep(spec.name, spec.attributes, NewTrialsOf(*trials), now);
        decision.change.new_sweep = NewSweep{RowOf(submission, now, 0), RowsOf(*std::move(trials))};
        decision.change.moved_inputs = std::move(moved);
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
  if (*knows_text && (*stored)->attributes == spec.attributes) {
    return TakeIn(submission, /*may_be_new=*/false, problems);
  }
  if (*stored) {
    if (absl::Status status = ReadInputs(**stored, spec); !status.ok()) return status;
  }
  auto settings = std::make_shared<const SweepSettings>(SettingsOf(submission, spec));
  auto trials = ExpandSubmission(spec, *settings, problems);
  if (!trials.ok()) return trials.status();
  const TimeMs now = clock_.Now();

  SubmitResult result;
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
    // The same call may have been sent twice at once.
    result.updated = state_.settings[spec.name]->spec_sha256 != settings->spec_sha256;
    result.added = updated->added.size();
    if (result.updated && !submission.validate_only) {
      std::vector<MovedInput> moved = InputsThatMayHaveMoved(books, updated->added);
      absl::StatusOr<Decision> decision =
          state_.scheduler.UpdateSweep(spec.name, spec.attributes, NewTrialsOf(updated->added), now);
      if (!decision.ok()) return decision.status();
      state_.settings[spec.name] = std::move(settings);
      decision->change.updated_sweep =
          NewSweep{RowOf(submission, 0, now), RowsOf(std::move(updated->added), std::move(updated->held))};
      decision->change.moved_inputs = std::move(moved);
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
