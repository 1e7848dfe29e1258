// A sweep arrives.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/coordinator.h"
#include "coordinator/submitted_trial.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

absl::StatusOr<std::vector<SubmittedTrial>> Expand(const SweepSpec& spec, const std::vector<std::string>& label_keys,
                                                   const std::string& file, std::vector<Problem>& problems) {
  const bool too_many = CountCells(spec) > kMaxTrials;
  if (spec.name.empty()) problems.push_back({file, 0, "name", "is missing", "add a line like name: my-sweep"});
  std::vector<SubmittedTrial> trials;
  ExpandSweep(spec, file, problems,
              [&](const PlannedTrial& planned) { trials.push_back(ReadSubmitted(planned, label_keys)); });
  if (problems.empty()) return trials;
  const std::string text = ToText(problems);
  return too_many ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
}

// Whether the sweep of that name is this one; nothing is stored then.
absl::Status CheckIsSame(const Scheduler& scheduler, const SweepRecord& existing,
                         const std::vector<SubmittedTrial>& trials, bool same_text) {
  switch (Compare(scheduler, existing, trials, same_text)) {
    case Resubmission::kSame:
      return absl::OkStatus();
    case Resubmission::kOtherData:
      return absl::AlreadyExistsError(
          absl::StrCat("a sweep called \"", existing.name, "\" exists, and what its trials read was another content: ",
                       "give this one another name, and it is trained on what is there now"));
    case Resubmission::kOtherTrials:
      break;
  }
  return absl::AlreadyExistsError(
      absl::StrCat("a sweep called \"", existing.name, "\" exists with other trials; give this one another name"));
}

// Decides which trials they are, and counts those that earlier sweeps have to do with.
void IdentifyAll(const Scheduler& scheduler, const std::string& sweep, std::vector<SubmittedTrial>& trials,
                 SubmitResult& result) {
  for (SubmittedTrial& trial : trials) {
    const TrialRecord* beside = nullptr;
    const Sharing sharing = Identify(scheduler, sweep, trial, beside);
    if (sharing == Sharing::kNew) continue;
    const std::string& oldest = scheduler.books().sweeps()[beside->places.front().sweep].name;
    const bool starts_anew = beside->state == TrialState::kFailed || beside->state == TrialState::kCancelled;
    if (sharing == Sharing::kAnewBeside) {
      ++result.anew_beside[oldest];
    } else if (!starts_anew) {
      ++result.shared_with[oldest];
    }
  }
}

// The trials of a sweep that run already, for an older sweep.
std::vector<std::string> RunningTrials(const Scheduler& scheduler, const SweepRecord& sweep) {
  std::vector<std::string> running;
  for (const TrialIndex index : sweep.trials) {
    const TrialRecord& trial = scheduler.books().trial(index);
    if (trial.state == TrialState::kRunning) running.push_back(trial.id);
  }
  return running;
}

}  // namespace

absl::StatusOr<SubmitResult> Coordinator::Submit(const SweepSpec& spec, std::string spec_text, const std::string& file,
                                                 bool validate_only, std::vector<Problem>& problems) {
  auto settings = std::make_shared<const SweepSettings>(ReadSweepSettings(spec));
  auto trials = Expand(spec, settings->label_keys, file, problems);
  if (!trials.ok()) return trials.status();
  const auto stored = store_.FindSweep(spec.name);
  if (!stored.ok()) return stored.status();
  // A replica is asked for on purpose, so its text alone does not name it.
  const bool same_text = *stored && (*stored)->spec == spec_text && !spec.trial.contains("replica");
  const TimeMs now = clock_.Now();

  SubmitResult result;
  result.sweep.name = spec.name;
  result.sweep.submitted_at = now;
  std::vector<std::string> running;
  Ticket ticket;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Refresh(); !status.ok()) return status;
    ticket = MakeTicket();
    ticket.repeats_earlier = true;
    if (const SweepRecord* existing = scheduler_.books().FindSweep(spec.name); existing != nullptr) {
      const absl::Status same = CheckIsSame(scheduler_, *existing, *trials, same_text);
      if (!same.ok()) return same;
      result.sweep = Summarize(*existing, now);
    } else {
      IdentifyAll(scheduler_, spec.name, *trials, result);
      if (validate_only) {
        result.sweep.counts[TrialState::kPending] = trials->size();
      } else {
        settings_[spec.name] = std::move(settings);
        SweepRow row{.name = spec.name, .spec = std::move(spec_text), .submitted_at = now, .file = file};
        row.spec_sha256 = Sha256Hex(row.spec);
        row.revision = options_.revision;
        AddSweep(std::move(row), *std::move(trials), ticket);
        result.created = true;
        result.sweep = Summarize(*scheduler_.books().FindSweep(spec.name), now);
        running = RunningTrials(scheduler_, *scheduler_.books().FindSweep(spec.name));
      }
    }
  }
  if (absl::Status status = Commit(std::move(ticket)); !status.ok()) return status;
  AnnounceJoined(spec.name, running);
  return result;
}

void Coordinator::AddSweep(SweepRow sweep, std::vector<SubmittedTrial> submitted, Ticket& ticket) {
  std::vector<NewTrial> trials;
  std::vector<TrialRow> rows;
  for (SubmittedTrial& trial : submitted) {
    trials.push_back({trial.row.trial_id, trial.row.target_steps, trial.needs_cuda, trial.row.data_fingerprint});
    rows.push_back(std::move(trial.row));
  }
  Decision decision = scheduler_.AddSweep(sweep.name, std::move(trials), sweep.submitted_at);
  decision.change.new_sweep = NewSweep{std::move(sweep), std::move(rows)};
  Enqueue(std::move(decision), ticket);
}

}  // namespace ofsweep
