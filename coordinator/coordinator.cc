#include "coordinator/coordinator.h"

#include <algorithm>
#include <future>
#include <random>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "coordinator/log_line.h"
#include "experiment/flat_json.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

constexpr double kForeignWorkerCallSeconds = 10;

// Never 0, which a worker says before it has heard of any.
std::uint64_t RandomIncarnation() {
  std::random_device random;
  return (std::uint64_t{random()} << 32 | random()) | 1;
}

// What an earlier incarnation acknowledged may be gone, so that the points before an end may have to be sent again.
WorkerReport WithoutEnds(WorkerReport report) {
  for (AttemptReport& attempt : report.attempts) attempt.end.reset();
  return report;
}

// What a worker names without a secret it is told to forget, whatever was decided; and before it starts an attempt of
// that name, which it is told again.
void ForgetUnproven(const std::vector<AttemptName>& unproven, SynchronizeAnswer& answer) {
  const std::set<AttemptName> names(unproven.begin(), unproven.end());
  std::erase_if(answer.start, [&](const AttemptStart& start) { return names.contains(start.name); });
  answer.forget.insert(answer.forget.end(), names.begin(), names.end());
}

std::size_t BytesOf(const std::vector<AttemptPoints>& attempts) {
  std::size_t bytes = 0;
  for (const AttemptPoints& attempt : attempts) bytes += attempt.columns->bytes();
  return bytes;
}

// Why a worker gets nothing to do here; "" for one of this database and this version.
std::string WhyForeign(const WorkerReport& report, const DatabaseIdentity& identity, const std::string& version) {
  if (!report.database.id.empty() && report.database.id != identity.id) {
    return absl::StrCat("its folder belongs to database ", report.database.id, ", and this coordinator has database ",
                        identity.id);
  }
  if (!report.version.empty() && !version.empty() && report.version != version) {
    return absl::StrCat("this worker is ofsweep ", report.version, ", and the coordinator ", version,
                        ": install one version on both");
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(const CoordinatorOptions& options, Store& store,
                                                                const Clock& clock, CoordinatorObserver* observer) {
  std::unique_ptr<Coordinator> coordinator(new Coordinator(options, store, clock, observer));
  absl::StatusOr<std::string> id = store.DatabaseId();
  if (!id.ok()) return id.status();
  coordinator->identity_ = {*std::move(id), RandomIncarnation()};
  auto stored = LoadState(store, options.scheduler, clock.Now());
  if (!stored.ok()) return stored.status();
  std::vector<Transition> running;
  {
    absl::MutexLock lock(&coordinator->state_.log.mutex());
    coordinator->Take(*std::move(stored));
    running = coordinator->Held();
  }
  coordinator->announcer_.Announce(running, {});
  return coordinator;
}

Coordinator::Coordinator(const CoordinatorOptions& options, Store& store, const Clock& clock,
                         CoordinatorObserver* observer)
    : options_(options),
      store_(store),
      clock_(clock),
      observer_(observer),
      live_(options.live),
      push_room_(options.max_push_bytes),
      state_(store, options.scheduler, LogOwner()),
      views_(state_, store, clock, live_),
      announcer_(store, clock, live_, observer),
      intake_(state_, store, clock, announcer_, options.revision, options.max_trials_per_caller) {}

// ---- what decisions rest on ----

CommitLog::Owner Coordinator::LogOwner() {
  const auto publish = [this](const PendingDecision& decision) {
    state_.log.mutex().AssertHeld();
    Publish(decision);
  };
  const auto reload = [this]() -> absl::StatusOr<std::function<void()>> {
    auto stored = LoadState(store_, options_.scheduler, clock_.Now());
    if (!stored.ok()) return stored.status();
    const auto shared = std::make_shared<StoredState>(*std::move(stored));
    return [this, shared] {
      state_.log.mutex().AssertHeld();
      Take(std::move(*shared));
    };
  };
  return {publish, reload};
}

void Coordinator::Take(StoredState stored) {
  state_.scheduler = std::move(stored.scheduler);
  state_.settings = std::move(stored.settings);
  state_.agreed_inputs = std::move(stored.agreed_inputs);
  begun_.clear();
  state_.published.CatchUp(state_.scheduler);
  state_.NoteChange();
}

void Coordinator::Publish(const PendingDecision& decision) {
  state_.published.Apply(state_.scheduler, decision);
  for (const Transition& transition : decision.transitions) {
    if (transition.from != TrialState::kRunning) continue;
    live_.EndAttempt(transition.trial_id);
    begun_.erase(transition.trial_id);
  }
  for (const auto& [sweep, state] : decision.sweep_states) {
    const bool has_ended = state == SweepState::kFinished || state == SweepState::kCancelled;
    if (has_ended && options_.on_sweep_end) options_.on_sweep_end(sweep);
  }
  state_.NoteChange();
}

std::vector<Transition> Coordinator::Held() const {
  std::vector<Transition> held;
  const Books& books = state_.scheduler.books();
  for (const WorkerRecord& worker : state_.scheduler.fleet().workers()) {
    for (const TrialIndex index : worker.held) {
      const TrialRecord& trial = books.trial(index);
      held.push_back({.trial_id = trial.id, .sweeps = books.SweepNames(trial), .worker = worker.id, .to = trial.state});
    }
  }
  return held;
}

absl::Status Coordinator::Tick() {
  CommitLog::Ticket ticket;
  {
    absl::MutexLock lock(&state_.log.mutex());
    if (absl::Status status = state_.log.Refresh(); !status.ok()) return status;
    const TimeMs now = clock_.Now();
    ticket = state_.log.MakeTicket();
    state_.log.Enqueue(state_.scheduler.Tick(now), now, ticket);
  }
  return announcer_.Commit(state_.log, std::move(ticket));
}

std::string Coordinator::Inconsistency() const {
  absl::MutexLock lock(&state_.log.mutex());
  return state_.scheduler.Inconsistency();
}

// ---- users ----

absl::StatusOr<std::uint64_t> Coordinator::Change(
    const std::function<absl::StatusOr<Decision>(Scheduler&, TimeMs)>& event) {
  std::uint64_t changed = 0;
  CommitLog::Ticket ticket;
  {
    absl::MutexLock lock(&state_.log.mutex());
    if (absl::Status status = state_.log.Refresh(); !status.ok()) return status;
    const TimeMs now = clock_.Now();
    absl::StatusOr<Decision> decision = event(state_.scheduler, now);
    if (!decision.ok()) return decision.status();
    changed = decision->change.trials.size();
    ticket = state_.log.MakeTicket();
    ticket.RepeatsEarlier();
    state_.log.Enqueue(*std::move(decision), now, ticket);
  }
  if (absl::Status status = announcer_.Commit(state_.log, std::move(ticket)); !status.ok()) return status;
  return changed;
}

absl::Status Coordinator::Cancel(const std::string& sweep) {
  return Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Cancel(sweep, now); }).status();
}

absl::Status Coordinator::Pause(const std::string& sweep) {
  return Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Pause(sweep, now); }).status();
}

absl::Status Coordinator::Resume(const std::string& sweep) {
  return Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Resume(sweep, now); }).status();
}

absl::StatusOr<std::uint64_t> Coordinator::Retry(const std::string& sweep, const std::vector<std::string>& trial_ids) {
  return Change([&](Scheduler& scheduler, TimeMs now) { return scheduler.Retry(sweep, trial_ids, now); });
}

absl::StatusOr<DeletedSweep> Coordinator::Delete(const std::string& sweep) {
  DeletedSweep deleted;
  const auto decide = [&](Scheduler& scheduler, TimeMs now) -> absl::StatusOr<Decision> {
    absl::StatusOr<Decision> decision = scheduler.Delete(sweep, now);
    if (!decision.ok()) return decision;
    deleted.begun_trials = decision->change.deletion->begun_trials;
    for (const TrialIndex trial : scheduler.books().FindSweep(sweep)->trials) {
      ++(scheduler.books().trial(trial).places.size() > 1 ? deleted.shared_trials : deleted.deleted_trials);
    }
    return decision;
  };
  if (const auto changed = Change(decide); !changed.ok()) return changed.status();
  absl::MutexLock lock(&state_.log.mutex());
  // Who asks next does not find it.
  if (absl::Status status = state_.log.Refresh(); !status.ok()) return status;
  return deleted;
}

// ---- workers: what they do ----

absl::StatusOr<SynchronizeAnswer> Coordinator::Synchronize(const WorkerReport& report) {
  if (report.worker_id.empty()) return absl::InvalidArgumentError("worker_id is empty: a worker must name itself");
  if (std::string why = WhyForeign(report, identity_, options_.version); !why.empty()) {
    return SynchronizeAnswer{
        .next_call_seconds = kForeignWorkerCallSeconds, .reason = std::move(why), .database = identity_};
  }
  auto beginnings = ReadBeginnings(report);
  if (!beginnings.ok()) return beginnings.status();
  Scheduler::Synchronized synchronized;
  CommitLog::Ticket ticket;
  {
    absl::MutexLock lock(&state_.log.mutex());
    if (absl::Status status = state_.log.Refresh(); !status.ok()) return status;
    const TimeMs now = clock_.Now();
    if (absl::Status status = state_.scheduler.fleet().Admit(report, now); !status.ok()) return status;
    ticket = state_.log.MakeTicket();
    const bool is_in_step = report.database.incarnation == identity_.incarnation;
    WorkerReport taken = is_in_step ? report : WithoutEnds(report);
    std::vector<FixedInput> agreed = TakeBeginnings(taken, *beginnings);
    synchronized = state_.scheduler.Synchronize(taken, now);
    StateChange& change = synchronized.decision.change;
    change.fixed_inputs = std::move(agreed);
    for (Beginning& beginning : *beginnings) RecordBeginning(report.worker_id, std::move(beginning), change);
    synchronized.answer.database = identity_;
    // A resent report is answered by what its first copy decided, which may still be on its way to the disk.
    if (!synchronized.answer.start.empty() || !synchronized.answer.forget.empty()) ticket.RepeatsEarlier();
    state_.log.Enqueue(std::move(synchronized.decision), now, ticket);
    state_.NoteChange();
  }
  if (absl::Status status = state_.log.Commit(ticket); !status.ok()) return status;
  TrialRows started;
  absl::Status read;
  for (const AttemptStart& start : synchronized.answer.start) {
    const std::string& trial_id = start.name.trial_id;
    auto row = store_.FindTrial(trial_id);
    read.Update(row.status());
    if (!row.ok()) continue;
    if (*row) {
      started.emplace(trial_id, **std::move(row));
    } else {
      read.Update(absl::InternalError(absl::StrCat("trial ", trial_id, " is not stored")));
    }
  }
  // What is decided is announced, whoever may then not be told to start.
  announcer_.Announce(ticket.transitions(), started);
  if (!read.ok()) return read;
  ForgetUnproven(report.unproven, synchronized.answer);
  for (AttemptStart& start : synchronized.answer.start) FillIn(started.at(start.name.trial_id), start);
  return std::move(synchronized.answer);
}

absl::StatusOr<std::vector<Coordinator::Beginning>> Coordinator::ReadBeginnings(const WorkerReport& report) {
  std::vector<Beginning> beginnings;
  for (const AttemptReport& attempt : report.attempts) {
    {
      absl::MutexLock lock(&state_.log.mutex());
      if (!IsNewlyBegun(report.worker_id, attempt)) continue;
    }
    const auto trial = store_.FindTrial(attempt.name.trial_id);
    if (!trial.ok()) return trial.status();
    if (!*trial) return absl::InternalError(absl::StrCat("trial ", attempt.name.trial_id, " is not stored"));
    beginnings.push_back({attempt.name, ReadOrigin(**trial, *attempt.begun, report)});
  }
  return beginnings;
}

bool Coordinator::IsNewlyBegun(const std::string& worker_id, const AttemptReport& attempt) {
  if (!attempt.begun || attempt.begun->config_json.empty()) return false;
  const auto known = begun_.find(attempt.name.trial_id);
  if (known != begun_.end() && known->second == attempt.name.generation) return false;
  const Scheduler& scheduler = state_.scheduler;
  const bool is_its_own = scheduler.IsNewest(worker_id, attempt.name) && scheduler.MayWrite(attempt.name);
  return is_its_own || scheduler.MayAdopt(attempt.name);
}

std::vector<FixedInput> Coordinator::TakeBeginnings(WorkerReport& report, std::vector<Beginning>& beginnings) {
  const Books& books = state_.scheduler.books();
  const auto fail = [&report](const AttemptName& name, FailureClass failure, std::string why) {
    const auto failed = std::find_if(report.attempts.begin(), report.attempts.end(),
                                     [&](const AttemptReport& attempt) { return attempt.name == name; });
    failed->end = {
        .outcome = AttemptOutcome::kFailed, .failure = failure, .message = std::move(why), .step = failed->step};
  };
  std::vector<FixedInput> agreed;
  std::vector<Beginning> kept;
  for (Beginning& beginning : beginnings) {
    if (!beginning.found.ok()) {
      fail(beginning.name, FailureClass::kCrash,
           absl::StrCat("its trainer trains something else: ", std::string(beginning.found.status().message())));
      continue;
    }
    const Fingerprints& found = beginning.found->open_inputs;
    const std::vector<std::string> sweeps = books.SweepNames(*books.FindTrial(beginning.name.trial_id));
    if (std::string why = state_.agreed_inputs.WhyOther(sweeps, found); !why.empty()) {
      fail(beginning.name, FailureClass::kOtherData, std::move(why));
      continue;
    }
    const auto added = state_.agreed_inputs.Agree(sweeps, found);
    agreed.insert(agreed.end(), added.begin(), added.end());
    kept.push_back(std::move(beginning));
  }
  beginnings = std::move(kept);
  return agreed;
}

void Coordinator::RecordBeginning(const std::string& worker_id, Beginning beginning, StateChange& change) {
  const AttemptName& name = beginning.name;
  AttemptOrigin& origin = beginning.found->origin;
  if (!state_.scheduler.IsNewest(worker_id, name)) return;
  begun_[name.trial_id] = name.generation;
  state_.scheduler.RecordData(name.trial_id, origin.data_fingerprint);
  change.origins.emplace_back(name, std::move(origin));
}

void Coordinator::FillIn(const TrialRow& trial, AttemptStart& start) const {
  start.config_json = trial.config_json;
  Fingerprints agreed;
  {
    absl::MutexLock lock(&state_.log.mutex());
    const Books& books = state_.scheduler.books();
    agreed = state_.agreed_inputs.Of(books.SweepNames(*books.FindTrial(trial.trial_id)));
  }
  if (agreed.empty()) return;
  // One that an earlier version stored and this one cannot read is for its trainer to refuse.
  const std::optional<TrialConfig> config = ReadFlatJson(trial.config_json);
  if (!config) return;
  for (const auto& [key, input] : OpenInputsOf(*config)) {
    if (const auto found = agreed.find(input); found != agreed.end()) start.fingerprints.emplace(key, found->second);
  }
}

void Coordinator::ShowLogged(std::span<const LogPiece> pieces) {
  std::vector<std::string> lines;  // made before the mutex is taken, for which every heartbeat waits
  for (const LogPiece& piece : pieces) lines.push_back(NewestLine(piece.text));
  absl::MutexLock lock(&state_.log.mutex());
  bool is_news = false;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const AttemptName& attempt = pieces[i].attempt;
    const TrialRecord* trial = state_.scheduler.books().FindTrial(attempt.trial_id);
    const bool runs = trial != nullptr && trial->state == TrialState::kRunning;
    if (!runs || trial->generation != attempt.generation || lines[i].empty()) continue;
    is_news |= live_.ShowDoing(trial->id, std::move(lines[i]));
  }
  if (is_news) state_.NoteChange();
}

// ---- workers: points ----

void Coordinator::FailForSeries(const std::vector<AttemptName>& attempts, CommitLog::Ticket& ticket) {
  if (attempts.empty()) return;
  const std::string why = absl::StrCat("it measures more than the ", options_.max_series_per_trial,
                                       " series that a trial may have: leave out some of measure.metrics");
  const TimeMs now = clock_.Now();
  state_.log.Enqueue(state_.scheduler.Fail(attempts, FailureClass::kBadConfig, why, now), now, ticket);
}

absl::StatusOr<std::vector<PushOutcome>> Coordinator::Push(const DatabaseIdentity& database,
                                                           const std::vector<AttemptPoints>& attempts) {
  if (database != identity_) {
    return absl::AbortedError("the worker has not synchronized with this database since the coordinator was started");
  }
  std::vector<PushOutcome> outcomes(attempts.size());
  std::vector<std::future<absl::StatusOr<PushCounts>>> writes(attempts.size());
  const PushRoom::Share room(push_room_, BytesOf(attempts));
  CommitLog::Ticket ticket;
  std::vector<AttemptName> excessive;  // with too many series
  {
    absl::MutexLock lock(&state_.log.mutex());
    if (absl::Status status = state_.log.Refresh(); !status.ok()) return status;
    Scheduler& scheduler = state_.scheduler;
    ticket = state_.log.MakeTicket();
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const auto& [name, from_step, after_step, columns] = attempts[i];
      outcomes[i].unknown = !scheduler.Knows(name);
      outcomes[i].fenced = !outcomes[i].unknown && !(scheduler.MayWrite(name) && scheduler.Begin(name, from_step));
      if (outcomes[i].fenced) ticket.RepeatsEarlier();
      if (outcomes[i].taken()) outcomes[i].unknown = !scheduler.HoldsThrough(name.trial_id, after_step);
      if (outcomes[i].taken() && live_.HasTooMany(name.trial_id, columns->series, options_.max_series_per_trial)) {
        outcomes[i].fenced = true;
        excessive.push_back(name);
      }
      // Under the mutex, so that no newer attempt's points come before these.
      if (outcomes[i].taken()) writes[i] = store_.AppendPoints(name, from_step, columns);
    }
    FailForSeries(excessive, ticket);
  }
  absl::Status status = announcer_.Commit(state_.log, std::move(ticket));
  std::vector<PushCounts> counts(attempts.size());
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (!outcomes[i].taken()) continue;
    auto stored = writes[i].get();
    status.Update(stored.status());
    if (stored.ok()) counts[i] = *stored;
  }
  if (!status.ok()) return status;
  {
    absl::MutexLock lock(&state_.log.mutex());
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      const auto& [name, from_step, after_step, columns] = attempts[i];
      const bool is_shown = outcomes[i].taken() && !columns->rows.empty() && state_.scheduler.MayWrite(name);
      if (!is_shown) continue;
      live_.Show(name.trial_id, *columns, clock_.Now());
      state_.scheduler.RecordStored(name.trial_id, columns->rows.back().step);
    }
    state_.NoteChange();
  }
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    outcomes[i].stored = counts[i].stored;
    outcomes[i].duplicates = counts[i].duplicates;
    if (observer_ == nullptr) continue;
    if (outcomes[i].taken()) {
      observer_->PointsStored(counts[i]);
    } else {
      observer_->PointsRejected(attempts[i].columns->points());
    }
  }
  return outcomes;
}

}  // namespace ofsweep
