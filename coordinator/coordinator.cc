#include "coordinator/coordinator.h"

#include <algorithm>
#include <optional>
#include <random>

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::uint64_t kSweepsAPage = 1000;

absl::Status StartAgain() {
  return absl::UnavailableError("a write to the database failed and its state was read again; send the call again");
}

// "" where the configuration cannot be read: its trainer will say so.
std::string DeviceOf(const std::string& flat_config_json) {
  const auto flat = nlohmann::json::parse(flat_config_json, nullptr, /*allow_exceptions=*/false);
  const auto device = flat.is_object() ? flat.find("train.device") : flat.end();
  return device != flat.end() && device->is_string() ? device->get<std::string>() : "";
}

// Never 0, which a worker says before it has heard of any.
std::uint64_t RandomIncarnation() {
  std::random_device random;
  return (std::uint64_t{random()} << 32 | random()) | 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(CoordinatorOptions options, Store& store,
                                                                const Clock& clock, CoordinatorObserver* observer) {
  std::unique_ptr<Coordinator> coordinator(new Coordinator(options, store, clock, observer));
  absl::StatusOr<std::string> id = store.DatabaseId();
  if (!id.ok()) return id.status();
  coordinator->identity_ = {*std::move(id), RandomIncarnation()};
  std::vector<Transition> running;
  {
    auto loaded = coordinator->Load();
    if (!loaded.ok()) return loaded.status();
    absl::MutexLock lock(&coordinator->mutex_);
    coordinator->Take(*std::move(loaded));
    running = coordinator->Held();
  }
  coordinator->Announce(running);
  return coordinator;
}

Coordinator::Coordinator(CoordinatorOptions options, Store& store, const Clock& clock, CoordinatorObserver* observer)
    : options_(options),
      store_(store),
      clock_(clock),
      observer_(observer),
      live_(options.live),
      push_room_(options.max_push_bytes),
      scheduler_(options.scheduler) {}

Coordinator::~Coordinator() = default;

// ---- from the store ----

absl::StatusOr<Coordinator::Loaded> Coordinator::Load() const {
  std::vector<SweepRow> rows;
  while (true) {
    auto page = store_.ListSweeps(kSweepsAPage, rows.size());
    if (!page.ok()) return page.status();
    if (page->empty()) break;
    std::move(page->begin(), page->end(), std::back_inserter(rows));
  }
  std::reverse(rows.begin(), rows.end());
  Loaded loaded{.scheduler = Scheduler(options_.scheduler), .settings = {}, .fixed_inputs = {}};
  std::vector<StoredSweep> sweeps;
  for (const SweepRow& row : rows) {
    auto sweep = LoadSweep(row, loaded.settings);
    if (!sweep.ok()) return sweep.status();
    auto fixed = store_.FixedInputs(row.name);
    if (!fixed.ok()) return fixed.status();
    loaded.fixed_inputs[row.name] = *std::move(fixed);
    sweeps.push_back(*std::move(sweep));
  }
  const TimeMs now = clock_.Now();
  Decision mended = loaded.scheduler.Restore(std::move(sweeps), now);
  if (mended.change.empty()) return loaded;
  mended.change.at = now;
  if (absl::Status status = store_.Apply(std::move(mended.change)).get(); !status.ok()) return status;
  return loaded;
}

absl::StatusOr<Coordinator::Loaded> Coordinator::TryLoad() const {
  try {
    return Load();
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

std::vector<Transition> Coordinator::Held() const {
  std::vector<Transition> held;
  for (const WorkerRecord& worker : scheduler_.fleet().workers()) {
    for (const TrialIndex index : worker.held) {
      const TrialRecord& trial = scheduler_.books().trial(index);
      held.push_back({.trial_id = trial.id,
                      .sweeps = scheduler_.books().SweepNames(trial),
                      .worker = worker.id,
                      .to = trial.state});
    }
  }
  return held;
}

void Coordinator::Take(Loaded loaded) {
  scheduler_ = std::move(loaded.scheduler);
  settings_ = std::move(loaded.settings);
  fixed_inputs_ = std::move(loaded.fixed_inputs);
  resolved_.clear();
  published_.CatchUp(scheduler_);
}

absl::StatusOr<StoredSweep> Coordinator::LoadSweep(const SweepRow& row, SettingsByName& all_settings) const {
  // The specification was checked when it was submitted; only its keys count here, not whether its paths can be found.
  std::vector<Problem> ignored;
  auto settings = std::make_shared<SweepSettings>(ReadSweepSettings(ParseSweepSpec(row.spec, "", ignored)));
  all_settings[row.name] = settings;
  auto trials = store_.LoadTrials(row.name);
  if (!trials.ok()) return trials.status();
  StoredSweep sweep{.name = row.name, .state = row.state, .submitted_at = row.submitted_at};
  sweep.trials.reserve(trials->size());
  for (TrialRow& trial : *trials) {
    std::string device = settings->device.value_or("");
    if (!settings->device && !IsTerminal(trial.state)) {
      const auto with_config = store_.FindTrial(trial.trial_id);
      if (!with_config.ok()) return with_config.status();
      if (*with_config) device = DeviceOf((*with_config)->config_json);
    }
    sweep.trials.push_back({.trial = {.trial_id = std::move(trial.trial_id),
                                      .target_steps = trial.target_steps,
                                      .needs_cuda = NeedsCuda(device),
                                      .data_fingerprint = std::move(trial.data_fingerprint)},
                            .state = trial.state,
                            .generation = trial.generation,
                            .attempts = trial.attempts,
                            .failures = trial.failures,
                            .step = trial.step,
                            .worker = std::move(trial.worker),
                            .stored_through = trial.stored_through,
                            .curve_generation = trial.curve_generation,
                            .attempt_open = trial.attempt_open});
  }
  return sweep;
}

absl::Status Coordinator::Refresh() {
  mutex_.Await(absl::Condition(
      +[](Coordinator* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return !self->loading_; }, this));
  if (!stale_) return absl::OkStatus();
  loading_ = true;
  mutex_.Await(absl::Condition(
      +[](Coordinator* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return self->pending_.empty(); }, this));
  mutex_.Unlock();
  absl::StatusOr<Loaded> loaded = TryLoad();
  mutex_.Lock();
  loading_ = false;
  ++epoch_;
  if (!loaded.ok()) {
    return absl::UnavailableError(
        absl::StrCat("the database failed and cannot be read again: ", std::string(loaded.status().message())));
  }
  Take(*std::move(loaded));
  stale_ = false;
  NoteChange();
  if (!std::exchange(told_of_failure_, true)) {
    spdlog::warn("a write to the database failed: took the state back to what is stored");
  }
  return absl::OkStatus();
}

// ---- to the store ----

Coordinator::Ticket Coordinator::MakeTicket() {
  Ticket ticket;
  ticket.number = next_ticket_++;
  ticket.epoch = epoch_;
  return ticket;
}

void Coordinator::Enqueue(Decision decision, Ticket& ticket) {
  if (decision.change.empty()) return;
  ticket.decision = std::make_shared<PendingDecision>(PendingDecision{.number = ticket.number,
                                                                      .sweeps = scheduler_.books().sweeps().size(),
                                                                      .sweep_states = decision.change.sweeps,
                                                                      .transitions = std::move(decision.transitions)});
  pending_.push_back(ticket.decision);
  decision.change.at = clock_.Now();
  ticket.write = store_.Apply(std::move(decision.change));
}

void Coordinator::Publish() {
  for (; !pending_.empty() && pending_.front()->settled; pending_.pop_front()) {
    if (stale_) continue;  // what of it was stored is read again
    const PendingDecision& decision = *pending_.front();
    published_.Apply(scheduler_, decision);
    for (const Transition& transition : decision.transitions) {
      if (transition.from != TrialState::kRunning) continue;
      live_.EndAttempt(transition.trial_id);
      resolved_.erase(transition.trial_id);
      for (const std::string& sweep : transition.sweeps) labels_.erase({sweep, transition.trial_id});
    }
  }
}

bool Coordinator::IsPublishedThrough(std::uint64_t number) const {
  return pending_.empty() || pending_.front()->number > number;
}

absl::Status Coordinator::Commit(Ticket ticket) {
  if (ticket.decision == nullptr && !ticket.repeats_earlier) return absl::OkStatus();
  const absl::Status status = ticket.decision == nullptr ? absl::OkStatus() : ticket.write.get();
  {
    absl::MutexLock lock(&mutex_);
    if (!status.ok() && ticket.epoch == epoch_) stale_ = true;
    if (ticket.decision != nullptr) ticket.decision->settled = true;
    Publish();
    if (!status.ok()) {
      // A failure to read again is met by the next call too; this caller hears of the first one.
      Refresh().IgnoreError();
      return status;
    }
    const auto is_published = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return IsPublishedThrough(ticket.number); };
    mutex_.Await(absl::Condition(&is_published));
    if (stale_ || epoch_ != ticket.epoch) return StartAgain();
    if (ticket.decision != nullptr) told_of_failure_ = false;
    NoteChange();
  }
  if (ticket.decision != nullptr) Announce(ticket.decision->transitions);
  return absl::OkStatus();
}

absl::Status Coordinator::Change(const std::function<absl::StatusOr<Decision>(Scheduler&, TimeMs)>& event,
                                 std::size_t& changed) {
  Ticket ticket;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Refresh(); !status.ok()) return status;
    absl::StatusOr<Decision> decision = event(scheduler_, clock_.Now());
    if (!decision.ok()) return decision.status();
    changed = decision->change.trials.size();
    ticket = MakeTicket();
    ticket.repeats_earlier = true;
    Enqueue(*std::move(decision), ticket);
  }
  return Commit(std::move(ticket));
}

absl::Status Coordinator::Cancel(const std::string& sweep) {
  std::size_t changed = 0;
  return Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Cancel(sweep, now); }, changed);
}

absl::Status Coordinator::Pause(const std::string& sweep) {
  std::size_t changed = 0;
  return Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Pause(sweep, now); }, changed);
}

absl::Status Coordinator::Resume(const std::string& sweep) {
  std::size_t changed = 0;
  return Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Resume(sweep, now); }, changed);
}

absl::StatusOr<std::uint64_t> Coordinator::Retry(const std::string& sweep, const std::vector<std::string>& trial_ids) {
  std::size_t changed = 0;
  const absl::Status status =
      Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Retry(sweep, trial_ids, now); }, changed);
  if (!status.ok()) return status;
  return changed;
}

absl::Status Coordinator::Tick() {
  Ticket ticket;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status status = Refresh(); !status.ok()) return status;
    ticket = MakeTicket();
    Enqueue(scheduler_.Tick(clock_.Now()), ticket);
  }
  return Commit(std::move(ticket));
}

// ---- to people ----

void Coordinator::NoteChange() {
  ++version_;
  changed_.SignalAll();
}

void Coordinator::Announce(const std::vector<Transition>& transitions) {
  for (const Transition& transition : transitions) {
    if (transition.why != FailureClass::kNone) spdlog::info("trial {}: {}", transition.trial_id, transition.reason);
    if (transition.to == TrialState::kRunning) {
      AnnounceStart(transition.trial_id, transition.sweeps, transition.worker);
    } else if (IsTerminal(transition.to)) {
      live_.Finish(transition.trial_id, clock_.Now());
    } else {
      live_.Unassign(transition.trial_id);
    }
    if (observer_ == nullptr) continue;
    if (transition.lease_expired) observer_->LeaseExpired(transition.trial_id, transition.worker);
    if (IsTerminal(transition.to)) {
      observer_->TrialFinished(transition.sweeps, transition.to);
    } else if (transition.from == TrialState::kRunning) {
      observer_->TrialRestarted(transition.sweeps, std::string(Name(transition.why)));
    }
  }
}

void Coordinator::AnnounceStart(const std::string& trial_id, const std::vector<std::string>& sweeps,
                                const std::string& worker) {
  const auto row = store_.FindTrial(trial_id);
  // A trial without telemetry still runs; whoever needs its configuration will meet the error.
  if (!row.ok() || !*row) return;
  TrialInfo info = DescribeTrial(**row);
  for (const std::string& sweep : sweeps) info.sweeps.push_back(ArmIn(sweep, **row));
  live_.Start(info, worker, clock_.Now());
}

void Coordinator::AnnounceJoined(const std::string& sweep, const std::vector<std::string>& trial_ids) {
  for (const std::string& trial_id : trial_ids) {
    const auto row = store_.FindTrial(trial_id);
    if (row.ok() && *row) live_.Join(trial_id, ArmIn(sweep, **row));
  }
}

SweepArm Coordinator::ArmIn(const std::string& sweep, const TrialRow& trial) {
  const auto keys = LabelKeys(sweep);
  return {sweep, keys.ok() ? ArmLabel(*keys, trial.config_json) : ""};
}

}  // namespace ofsweep
