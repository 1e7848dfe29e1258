#include "tests/simulation/world.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/proven_entries.h"
#include "coordinator/worker_wire.h"

namespace ofsweep {
namespace {

constexpr TimeMs kCalmLimitMs = 4 * 3'600'000;
constexpr TimeMs kTickMs = 1'000;
constexpr std::size_t kMostCallsTogether = 4;
constexpr double kForgedShare = 0.03;  // of calls
const std::string kMomentOfDeath = "moment-of-death";

SchedulerOptions RandomOptions(Timeline& timeline) {
  SchedulerOptions options;
  options.lease_ms = timeline.Pick(5, 30) * 1000;
  options.max_failures = static_cast<int>(timeline.Pick(1, 4));
  options.max_oom_failures = std::min(2, options.max_failures);
  options.retry_delay_ms = timeline.Pick(0, 20) * 1000;
  options.retry_elsewhere_ms = timeline.Pick(0, 60) * 1000;
  options.quarantine.after_crashes = static_cast<std::size_t>(timeline.Pick(1, 4));
  options.quarantine.first_ms = timeline.Pick(1, 30) * 1000;
  options.quarantine.longest_ms = 240'000;
  return options;
}

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

}  // namespace

World::World(std::uint64_t seed, const std::string& folder)
    : folder_(folder),
      timeline_(seed),
      referee_(log_),
      options_(RandomOptions(timeline_)),
      coordinator_(folder + "/coordinator", timeline_, options_) {
  StartCoordinator();
  const std::int64_t count = timeline_.Pick(2, 5);
  for (std::int64_t i = 0; i < count; ++i) {
    Machine& machine = *machines_.emplace_back(std::make_unique<Machine>());
    machine.worker_id = absl::StrCat("w", i);
    machine.folder = NewFolder();
    machine.slots = static_cast<int>(timeline_.Pick(1, 3));
    machine.has_cuda = i == 0 || timeline_.Chance(0.5);  // one has, so that no trial waits for a device for ever
    StartWorker(machine);
  }
  SubmitSweep();
  timeline_.After(kTickMs, [this] { Tick(); });
  timeline_.After(5'000, [this] { Disturb(); });
}

World::~World() = default;

std::string World::Run(std::uint64_t chaotic_events) {
  while (events() < chaotic_events && referee_.violation().empty()) timeline_.RunNext();
  EndChaos();
  const TimeMs limit = timeline_.now() + kCalmLimitMs;
  while (!IsFinished() && timeline_.now() < limit && referee_.violation().empty()) timeline_.RunNext();
  if (!IsFinished()) referee_.Report(absl::StrCat("not finished: ", WhatStarves()));
  if (referee_.violation().empty()) {
    Check();
    referee_.CheckFinished(coordinator_.store());
    ends_ = Referee::CountEnds(coordinator_.store());
  }
  if (referee_.violation().empty()) return "";
  return absl::StrCat(referee_.violation(), " (event ", events(), ")");
}

bool World::IsFinished() {
  if (!coordinator_.is_up()) return false;
  const std::vector<SweepSummary> sweeps = coordinator_->views().Summaries();
  return std::none_of(sweeps.begin(), sweeps.end(), [](const SweepSummary& sweep) {
    return sweep.state == SweepState::kActive || sweep.state == SweepState::kPaused;
  });
}

std::string World::WhatStarves() {
  if (!coordinator_.is_up()) return "the coordinator is down";
  std::string text;
  for (const SweepSummary& sweep : coordinator_->views().Summaries()) {
    if (sweep.state == SweepState::kActive) absl::StrAppend(&text, sweep.name, ": ", sweep.waiting_reason, "; ");
  }
  return text;
}

// ---- the network ----

void World::Send(const Machine& machine, std::function<void()> deliver) {
  if (!is_chaos_) return timeline_.After(5, std::move(deliver));
  const bool is_lost = timeline_.now() < machine.silent_until || timeline_.Chance(0.03);
  if (is_lost) {
    ++faults_["call lost"];
    return;
  }
  const int copies = timeline_.Chance(0.03) ? 2 : 1;
  if (copies == 2) ++faults_["call doubled"];
  for (int i = 0; i < copies; ++i) {
    const bool is_late = timeline_.Chance(0.04);
    if (is_late) ++faults_["call delayed"];
    timeline_.After(is_late ? timeline_.Pick(500, 20'000) : timeline_.Pick(1, 500), deliver);
  }
}

void World::OnSynchronize(Machine& machine, const v1::SynchronizeRequest& request,
                          const SimulatedWorker::SynchronizeLoop::Done& done) {
  Send(machine, [this, &machine, request, done] { Serve(SynchronizeCall(machine, request, done)); });
  if (!is_chaos_ || !timeline_.Chance(kForgedShare) || request.attempts().empty()) return;
  Send(machine, [this, &machine, forged = Forged(request)] {
    Serve(SynchronizeCall(machine, forged, [](const grpc::Status&, const v1::SynchronizeResponse&) {}));
  });
}

void World::OnPush(Machine& machine, const v1::PushMetricsRequest& request,
                   const SimulatedWorker::PushLoop::Done& done) {
  Send(machine, [this, &machine, request, done] { Serve(PushCall(machine, request, done)); });
  if (!is_chaos_ || !timeline_.Chance(kForgedShare)) return;
  Send(machine, [this, &machine, forged = Forged(request)] {
    Serve(PushCall(machine, forged, [](const grpc::Status&, const v1::PushMetricsResponse&) {}));
  });
}

World::Incoming World::SynchronizeCall(Machine& machine, const v1::SynchronizeRequest& request,
                                       const SimulatedWorker::SynchronizeLoop::Done& done) {
  struct Exchange {
    WorkerReport report;
    SynchronizeAnswer answer;
  };
  auto exchange = std::make_shared<Exchange>();
  std::vector<Problem> problems;
  exchange->report = FromMessage(request, problems);
  if (!problems.empty()) referee_.Report("a worker reports nonsense: " + ToText(problems));
  const std::vector<bool> proven = WhichAreProven(request.attempts(), coordinator_.secrets());
  for (const AttemptReport& unproven : TakeUnproven(exchange->report.attempts, proven)) {
    exchange->report.unproven.push_back(unproven.name);
  }
  const bool is_honest = exchange->report.worker_id != kForger;
  if (is_honest && !exchange->report.unproven.empty() && !faults_.contains("key lost")) {
    referee_.Report(absl::StrCat(exchange->report.worker_id, " has lost the secret of an attempt"));
  }
  Incoming incoming;
  incoming.call = [this, exchange] {
    auto answer = coordinator_->Synchronize(exchange->report);
    if (answer.ok()) exchange->answer = std::move(*answer);
    return answer.status();
  };
  incoming.settle = [this, exchange, &machine, done](const absl::Status& status, bool delivers, bool is_alone) {
    if (status.ok()) referee_.Told(coordinator_.store(), exchange->report, exchange->answer, is_alone);
    if (!delivers) return;
    const v1::SynchronizeResponse answer = ToMessage(exchange->answer, coordinator_.secrets());
    Send(machine, [done, status, answer] { done(ToGrpc(status), answer); });
  };
  return incoming;
}

World::Incoming World::PushCall(Machine& machine, const v1::PushMetricsRequest& request,
                                const SimulatedWorker::PushLoop::Done& done) {
  struct Exchange {
    std::vector<AttemptPoints> attempts;  // those that are proven
    std::vector<PushOutcome> outcomes;    // of these
  };
  auto exchange = std::make_shared<Exchange>();
  std::vector<Problem> problems;
  exchange->attempts = FromMessage(request, problems);
  if (!problems.empty()) referee_.Report("a worker sends nonsense: " + ToText(problems));
  const std::vector<bool> proven = WhichAreProven(request.trials(), coordinator_.secrets());
  TakeUnproven(exchange->attempts, proven);
  Incoming incoming{.is_push = true};
  incoming.call = [this, exchange, database = FromMessage(request.database())] {
    referee_.WillPush(exchange->attempts);
    auto outcomes = coordinator_->Push(database, exchange->attempts);
    if (outcomes.ok()) exchange->outcomes = std::move(*outcomes);
    return outcomes.status();
  };
  incoming.settle = [this, exchange, proven, &machine, done](const absl::Status& status, bool delivers, bool) {
    if (status.ok()) referee_.Pushed(coordinator_.store(), exchange->attempts, exchange->outcomes);
    if (!delivers) return;
    v1::PushMetricsResponse answer;
    if (status.ok()) answer = ToMessage(WithUnproven(exchange->outcomes, proven, PushOutcome{.fenced = true}));
    Send(machine, [done, status, answer] { done(ToGrpc(status), answer); });
  };
  return incoming;
}

// ---- the coordinator ----

void World::Serve(Incoming incoming) {
  if (!coordinator_.is_up()) return;  // the caller's deadline passes
  const bool joins = is_gathering_ && gathered_.size() < kMostCallsTogether &&
                     (!incoming.is_push || gathered_.empty() || !gathered_.back().is_push);
  if (joins) return gathered_.push_back(std::move(incoming));
  const std::int64_t fate = is_chaos_ && !coordinator_.is_broken() ? timeline_.Pick(0, 999) : 999;
  if (fate == 0) {
    // Killed with the decision in memory: nothing of it is on the disk.
    ++faults_["killed before a write"];
    const Referee::Promises promises = referee_.promises();
    coordinator_.Copy(kMomentOfDeath);
    incoming.call().IgnoreError();
    StopCoordinator(timeline_.Pick(1'000, 2 * options_.lease_ms));
    coordinator_.Restore(kMomentOfDeath);
    referee_.Recall(promises);
    return;
  }
  const absl::Status status = incoming.call();
  if (!status.ok() && coordinator_.is_broken()) ++faults_["write failed"];
  const bool dies = fate == 1;
  incoming.settle(status, !dies, /*is_alone=*/true);
  if (!dies) return;
  ++faults_["killed after a write"];
  StopCoordinator(timeline_.Pick(1'000, 2 * options_.lease_ms));
}

// Calls that meet a disk that hangs, with a user's among them; and then it may fail, or the coordinator is killed.
void World::ServeTogether() {
  is_gathering_ = false;
  std::vector<Incoming> calls = std::exchange(gathered_, {});
  if (calls.empty() || !coordinator_.is_up()) return;
  if (timeline_.Chance(0.5)) calls.insert(calls.begin(), UserCall());
  const bool is_fresh = coordinator_->Tick().ok() && !coordinator_.is_broken();
  const bool breaks = timeline_.Chance(0.5);
  // A push does not read the clock, so that it comes last; and whether it meets the failure is left to chance.
  std::stable_partition(calls.begin(), calls.end(), [](const Incoming& call) { return !call.is_push; });
  if (breaks && is_fresh) std::erase_if(calls, [](const Incoming& call) { return call.is_push; });
  if (!is_fresh || calls.empty()) return;
  const bool is_killed = timeline_.Chance(0.2);
  const Referee::Promises promises = referee_.promises();
  if (is_killed) coordinator_.Copy(kMomentOfDeath);
  if (breaks)
    coordinator_.BreakWrites(static_cast<std::size_t>(timeline_.Pick(0, SimulatedCoordinator::kWaysToBreak - 1)));
  std::vector<absl::Status> statuses(calls.size());
  std::vector<SimulatedCoordinator::Call> running;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    // A push is the last one, and nothing waits for it to begin.
    running.push_back({[&, i] { statuses[i] = calls[i].call(); }, calls[i].is_push ? 0 : calls[i].clock_reads});
  }
  coordinator_.Overlap(running, [&] { referee_.CheckShown(*coordinator_, coordinator_.store()); });
  if (breaks) coordinator_.Mend();
  ++faults_["calls met a hanging disk"];
  if (is_killed) {
    ++faults_["killed with calls in flight"];
    StopCoordinator(timeline_.Pick(1'000, 2 * options_.lease_ms));
    coordinator_.Restore(kMomentOfDeath);
    referee_.Recall(promises);
    return;
  }
  const bool any_failed = std::any_of(statuses.begin(), statuses.end(), [](const absl::Status& s) { return !s.ok(); });
  if (breaks && any_failed) ++faults_["calls met a failing disk"];
  // Of two calls, one of which failed, the other one may be told of it or not.
  const bool delivers = !breaks || !any_failed;
  for (std::size_t i = 0; i < calls.size(); ++i) calls[i].settle(statuses[i], delivers, /*is_alone=*/false);
  // After a failure the state is read again by the next call.
  if (coordinator_->Tick().ok()) Check();
}

void World::StopCoordinator(TimeMs down) {
  coordinator_.Stop();
  gathered_.clear();
  timeline_.After(down, [this] {
    if (!coordinator_.is_up()) StartCoordinator();
  });
}

void World::StartCoordinator() {
  coordinator_.Start();
  referee_.CoordinatorStarted();
  Check();
  referee_.CheckStored(coordinator_.store());
}

void World::RestoreDatabase() {
  ++faults_["database restored"];
  StopCoordinator(timeline_.Pick(1'000, 2 * options_.lease_ms));
  coordinator_.Restore(kCopy);
  if (timeline_.Chance(0.3)) LoseKey();
  referee_.Recall(*copied_);
}

void World::LoseKey() {
  ++faults_["key lost"];
  coordinator_.LoseKey();
}

void World::Tick() {
  timeline_.After(kTickMs, [this] { Tick(); });
  if (!coordinator_.is_up() || !coordinator_->Tick().ok() || coordinator_.is_broken()) return;
  if (++ticks_ % 10 == 0) Check();
  if (ticks_ % 100 == 0) referee_.CheckStored(coordinator_.store());
}

void World::Check() {
  if (std::string wrong = coordinator_->Inconsistency(); !wrong.empty()) referee_.Report(std::move(wrong));
  referee_.CheckShown(*coordinator_, coordinator_.store());
}

}  // namespace ofsweep
