#include "tests/simulation/world.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

// A sweep takes its trials from this many, and the next sweep from ones a little further on, so that they share some.
constexpr std::int64_t kTrialPool = 40;
constexpr std::int64_t kPoolStep = 4;
constexpr TimeMs kBeatMs = 2'000;
constexpr TimeMs kCalmLimitMs = 48 * 3'600'000;

SchedulerOptions RandomOptions(std::mt19937_64& random) {
  const auto pick = [&](std::int64_t from, std::int64_t to) { return std::uniform_int_distribution(from, to)(random); };
  SchedulerOptions options;
  options.lease_ms = pick(5, 30) * 1000;
  options.max_failures = static_cast<int>(pick(1, 4));
  options.max_oom_failures = std::min(2, options.max_failures);
  options.retry_delay_ms = pick(0, 20) * 1000;
  options.retry_elsewhere_ms = pick(0, 60) * 1000;
  options.quarantine.after_crashes = static_cast<std::size_t>(pick(1, 4));
  options.quarantine.first_ms = pick(1, 30) * 1000;
  options.quarantine.longest_ms = 240'000;
  return options;
}

}  // namespace

World::World(std::uint64_t seed)
    : random_(seed),
      options_(RandomOptions(random_)),
      referee_(options_),
      scheduler_(std::make_unique<Scheduler>(options_)) {
  const std::int64_t count = Pick(1, 6);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    // The first one has CUDA, so that no trial waits for a device for ever.
    workers_.emplace_back(absl::StrCat("w", i), static_cast<int>(Pick(1, 3)), i == 0 || Chance(0.5),
                          SimulatedWorker::Trainers{[this, i](const AttemptName& name) { StartTrainer(i, name); },
                                                    [this, i](const AttemptName& name) { StopTrainer(i, name); }});
    deaf_until_.push_back(0);
    After(Pick(0, kBeatMs), [this, i] { Beat(i); });
  }
  SubmitSweep();
  After(1000, [this] { Tick(); });
  After(5000, [this] { Disturb(); });
}

std::string World::Run(std::uint64_t chaotic_events) {
  while (events_ < chaotic_events && referee_.violation().empty()) RunNext();
  EndChaos();
  const TimeMs limit = now_ + kCalmLimitMs;
  while (!IsFinished() && now_ < limit && referee_.violation().empty()) RunNext();
  if (!referee_.violation().empty()) return absl::StrCat(referee_.violation(), " (event ", events_, ")");
  if (IsFinished()) return "";
  for (const SweepRecord& sweep : scheduler_->sweeps()) {
    if (sweep.live()) {
      return absl::StrCat("sweep ", sweep.name, " starves: ", sweep.count(TrialState::kPending), " pending, ",
                          sweep.count(TrialState::kRunning), " running, ", scheduler_->WaitingReason(sweep, now_));
    }
  }
  return "unfinished";
}

bool World::IsFinished() const {
  return std::none_of(scheduler_->sweeps().begin(), scheduler_->sweeps().end(),
                      [](const SweepRecord& sweep) { return sweep.live(); });
}

void World::After(TimeMs delay, Action action) {
  queue_.push({now_ + delay, static_cast<std::uint64_t>(random_()), std::make_shared<Action>(std::move(action))});
}

void World::RunNext() {
  const Event event = queue_.top();
  queue_.pop();
  now_ = event.at;
  ++events_;
  (*event.action)();
  if (events_ % 8 == 0) {
    if (std::string wrong = scheduler_->Inconsistency(); !wrong.empty()) referee_.Report(std::move(wrong));
  }
}

// ---- the coordinator ----

void World::Persist(const Decision& decision) {
  referee_.Decided(decision);
  for (const Transition& transition : decision.transitions) {
    ++seen_[transition.lease_expired ? "lease expired" : std::string(Name(transition.why))];
    ++seen_[std::string(Name(transition.to))];
    if (transition.reason == "its worker is back") ++seen_["adopted"];
    if (transition.reason.find("quarantine") != std::string::npos) ++seen_["quarantine"];
  }
  disk_.ApplySweeps(decision);
  disk_.ApplyTrials(decision);
}

void World::HandleReport(std::size_t worker, std::uint64_t number, const WorkerReport& report) {
  if (now_ < coordinator_up_at_) return;
  const Scheduler::Synchronized result = scheduler_->Synchronize(report, now_);
  if (chaos_ && !result.decision.empty() && Chance(0.01)) {
    RestartCoordinator();  // before the decision was on the disk
    return;
  }
  Persist(result.decision);
  referee_.Told(report, result.answer);
  for (const AttemptStart& start : result.answer.start) {
    if (!scheduler_->MayWrite(report.worker_id, start.name))
      referee_.Report("an attempt that is to start may not write");
  }
  Send([this, worker, number, answer = result.answer] {
    SimulatedWorker& receiver = workers_[worker];
    receiver.TakeAnswer(number, answer);
    if (receiver.slots() > 0 && receiver.CountRunning() > receiver.slots()) {
      referee_.Report(absl::StrCat(receiver.id(), " runs more trainers than it has slots"));
    }
  });
}

void World::RestartCoordinator() {
  scheduler_ = std::make_unique<Scheduler>(options_);
  coordinator_up_at_ = now_ + Pick(0, 2 * options_.lease_ms);
  // It reads its state when it is up again; nothing can change that in between.
  const Decision mended = scheduler_->Restore(disk_.Load(), coordinator_up_at_);
  ++seen_["restart"];
  if (!mended.empty()) ++seen_["mended"];
  for (const TrialChange& change : mended.trials) {
    if (disk_.trial(change.trial_id).state == TrialState::kCancelled) referee_.UserAskedFor(change.trial_id);
  }
  Persist(mended);
  referee_.Restored(*scheduler_);
}

void World::Tick() {
  if (now_ >= coordinator_up_at_) Persist(scheduler_->Tick(now_));
  After(1000, [this] { Tick(); });
}

// ---- workers and the network ----

void World::Send(Action deliver) {
  if (!chaos_) {
    After(5, std::move(deliver));
    return;
  }
  if (Chance(0.05)) return;
  const int copies = Chance(0.05) ? 2 : 1;
  for (int i = 0; i < copies; ++i) After(Chance(0.05) ? Pick(0, 20'000) : Pick(1, 500), deliver);
}

void World::Beat(std::size_t worker) {
  WorkerReport report = workers_[worker].Report();
  const std::uint64_t number = workers_[worker].report_number();
  if (now_ >= deaf_until_[worker]) {
    Send([this, worker, number, report = std::move(report)] { HandleReport(worker, number, report); });
  }
  After(Pick(kBeatMs / 2, kBeatMs), [this, worker] { Beat(worker); });
}

void World::StartTrainer(std::size_t worker, const AttemptName& name) {
  After(Pick(1'000, 30'000), [this, worker, name] {
    const AttemptEnd end = RandomEnd();
    if (workers_[worker].TrainerEnds(name, end)) referee_.TrainerEnded(name, end);
  });
}

// The trainer writes its checkpoint; now and then it was through anyway.
void World::StopTrainer(std::size_t worker, const AttemptName& name) {
  After(Pick(0, 5'000), [this, worker, name] {
    const AttemptEnd end{.outcome = Chance(0.1) ? AttemptOutcome::kCompleted : AttemptOutcome::kCancelled};
    if (workers_[worker].TrainerEnds(name, end)) referee_.TrainerEnded(name, end);
  });
}

AttemptEnd World::RandomEnd() {
  static constexpr FailureClass kFailures[] = {FailureClass::kOom,     FailureClass::kCrash,
                                               FailureClass::kCrash,   FailureClass::kBadData,
                                               FailureClass::kTimeout, FailureClass::kBadConfig};
  AttemptEnd end;
  end.wall_seconds = 1;
  if (!chaos_ || Chance(0.5)) return end;
  if (Chance(0.1)) {
    end.outcome = AttemptOutcome::kDiverged;
  } else if (Chance(0.2)) {
    end.outcome = AttemptOutcome::kPreempted;
  } else {
    end.outcome = AttemptOutcome::kFailed;
    end.failure = kFailures[Pick(0, std::size(kFailures) - 1)];
  }
  return end;
}

// ---- chaos ----

void World::Disturb() {
  if (!chaos_) return;
  const std::int64_t kind = Pick(0, 99);
  SimulatedWorker& worker = workers_[static_cast<std::size_t>(Pick(0, static_cast<std::int64_t>(workers_.size()) - 1))];
  const auto index = static_cast<std::size_t>(&worker - workers_.data());
  if (kind < 25) {
    worker.Restart();
  } else if (kind < 45) {
    deaf_until_[index] = now_ + Pick(1'000, 3 * options_.lease_ms);
  } else if (kind < 55) {
    worker.set_draining(Chance(0.3));
  } else if (kind < 65) {
    RestartCoordinator();
  } else if (now_ >= coordinator_up_at_) {
    UserActs();
  }
  if (now_ >= coordinator_up_at_ && IsFinished()) SubmitSweep();
  After(Pick(500, 15'000), [this] { Disturb(); });
}

void World::SubmitSweep() {
  std::vector<std::int64_t> pool(kTrialPool);
  std::iota(pool.begin(), pool.end(), static_cast<std::int64_t>(sweeps_) * kPoolStep);
  std::shuffle(pool.begin(), pool.end(), random_);
  std::vector<NewTrial> trials;
  for (std::int64_t i = Pick(1, 14); i > 0; --i) {
    const std::int64_t number = pool[static_cast<std::size_t>(i)];
    trials.push_back({absl::StrCat("trial-", number), 100, number % 5 == 0});
    referee_.UserAskedFor(trials.back().trial_id);
  }
  const std::string name = absl::StrCat("sweep-", sweeps_++);
  const Decision decision = scheduler_->AddSweep(name, trials, now_);
  disk_.InsertSweep(name, trials, now_);
  Persist(decision);
}

void World::UserActs() {
  const std::int64_t action = Pick(0, 9);
  if (action == 0) {
    SubmitSweep();
    return;
  }
  const auto& sweeps = scheduler_->sweeps();
  RunUserAction(sweeps[static_cast<std::size_t>(Pick(0, static_cast<std::int64_t>(sweeps.size()) - 1))].name,
                static_cast<int>(action));
}

void World::RunUserAction(const std::string& sweep, int action) {
  absl::StatusOr<Decision> decision = Decision{};
  if (action <= 2) {
    decision = scheduler_->Pause(sweep, now_);
  } else if (action <= 6) {
    for (const TrialIndex trial : scheduler_->FindSweep(sweep)->trials) {
      if (scheduler_->trial(trial).state == TrialState::kCancelled) {
        referee_.UserAskedFor(scheduler_->trial(trial).id);
      }
    }
    decision = scheduler_->Resume(sweep, now_);
  } else if (action == 7) {
    decision = scheduler_->Cancel(sweep, now_);
  } else {
    for (const TrialIndex trial : scheduler_->FindSweep(sweep)->trials) {
      if (scheduler_->trial(trial).state == TrialState::kFailed) referee_.UserAskedFor(scheduler_->trial(trial).id);
    }
    decision = scheduler_->Retry(sweep, {}, now_);
  }
  if (!decision.ok()) return;
  if (Chance(0.1)) {
    // The coordinator dies between the two writes: only the sweep's is on the disk, and the user has no answer.
    disk_.ApplySweeps(*decision);
    RestartCoordinator();
    return;
  }
  Persist(*decision);
}

void World::EndChaos() {
  chaos_ = false;
  for (SimulatedWorker& worker : workers_) worker.set_draining(false);
  std::fill(deaf_until_.begin(), deaf_until_.end(), 0);
  After(std::max<TimeMs>(0, coordinator_up_at_ - now_), [this] {
    std::vector<std::string> paused;
    for (const SweepRecord& sweep : scheduler_->sweeps()) {
      if (sweep.state == SweepState::kPaused) paused.push_back(sweep.name);
    }
    for (const std::string& sweep : paused) Persist(*scheduler_->Resume(sweep, now_));
  });
}

}  // namespace ofsweep
