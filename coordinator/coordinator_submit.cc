// A sweep arrives.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/coordinator.h"

namespace ofsweep {
namespace {

struct ExpandedSweep {
  std::vector<TrialRow> rows;
  std::vector<NewTrial> trials;
};

void AddTrial(const PlannedTrial& planned, const std::vector<std::string>& label_keys, ExpandedSweep& sweep) {
  TrialRow& row = sweep.rows.emplace_back();
  row.trial_id = TrialId(planned.config_hash);
  row.config_hash = planned.config_hash;
  row.config_json = FlatJsonText(planned.config);
  row.arm = ArmOf(label_keys, planned.config);
  row.target_steps = planned.config.Integer("train.steps");
  sweep.trials.push_back({row.trial_id, row.target_steps, NeedsCuda(planned.config)});
}

absl::StatusOr<ExpandedSweep> Expand(const SweepSpec& spec, const std::vector<std::string>& label_keys,
                                     const std::string& file, std::vector<Problem>& problems) {
  const bool too_many = CountCells(spec) > kMaxTrials;
  if (spec.name.empty()) problems.push_back({file, 0, "name", "is missing", "add a line like name: my-sweep"});
  ExpandedSweep sweep;
  ExpandSweep(spec, file, problems, [&](const PlannedTrial& planned) { AddTrial(planned, label_keys, sweep); });
  if (problems.empty()) return sweep;
  const std::string text = ToText(problems);
  return too_many ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
}

bool HoldsSameTrials(const Scheduler& scheduler, const SweepRecord& sweep, const std::vector<NewTrial>& trials) {
  return std::equal(
      sweep.trials.begin(), sweep.trials.end(), trials.begin(), trials.end(),
      [&](TrialIndex index, const NewTrial& trial) { return scheduler.trial(index).id == trial.trial_id; });
}

// The trials of a sweep that run already, for an older sweep.
std::vector<std::string> RunningTrials(const Scheduler& scheduler, const SweepRecord& sweep) {
  std::vector<std::string> running;
  for (const TrialIndex index : sweep.trials) {
    const TrialRecord& trial = scheduler.trial(index);
    if (trial.state == TrialState::kRunning) running.push_back(trial.id);
  }
  return running;
}

}  // namespace

absl::StatusOr<SubmitResult> Coordinator::Submit(const SweepSpec& spec, std::string spec_text, const std::string& file,
                                                 bool validate_only, std::vector<Problem>& problems) {
  auto settings = std::make_shared<const SweepSettings>(ReadSweepSettings(spec));
  auto expanded = Expand(spec, settings->label_keys, file, problems);
  if (!expanded.ok()) return expanded.status();
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
    if (const SweepRecord* existing = scheduler_.FindSweep(spec.name); existing != nullptr) {
      if (!HoldsSameTrials(scheduler_, *existing, expanded->trials)) {
        return absl::AlreadyExistsError(
            absl::StrCat("a sweep called \"", spec.name, "\" exists with other trials; give this one another name"));
      }
      result.sweep = Summarize(*existing, now);
    } else if (validate_only) {
      result.sweep.counts[TrialState::kPending] = expanded->trials.size();
      result.shared_trials = static_cast<std::uint64_t>(
          std::count_if(expanded->trials.begin(), expanded->trials.end(),
                        [&](const NewTrial& trial) { return scheduler_.FindTrial(trial.trial_id) != nullptr; }));
    } else {
      Scheduler::Added added = scheduler_.AddSweep(spec.name, std::move(expanded->trials), now);
      settings_[spec.name] = std::move(settings);
      result.shared_trials = added.shared;
      result.created = true;
      result.sweep = Summarize(*scheduler_.FindSweep(spec.name), now);
      running = RunningTrials(scheduler_, *scheduler_.FindSweep(spec.name));
      SweepRow row{.name = spec.name, .spec = std::move(spec_text), .submitted_at = now};
      ticket.writes.push_back(store_.InsertSweep(std::move(row), std::move(expanded->rows)));
      Enqueue(std::move(added.decision), ticket);
    }
  }
  if (absl::Status status = Commit(std::move(ticket)); !status.ok()) return status;
  AnnounceJoined(spec.name, running);
  return result;
}

}  // namespace ofsweep
