#include "tests/coordinator/scheduler_bench.h"

#include "absl/strings/str_cat.h"

namespace ofsweep {

void SchedulerBench::Submit(const std::string& sweep, const std::vector<std::string>& trials, bool needs_cuda,
                            SweepAttributes attributes, const std::string& owner) {
  std::vector<NewTrial> added;
  for (const std::string& trial : trials) added.push_back({trial, 100, needs_cuda});
  last = scheduler.AddSweep(sweep, owner, std::move(attributes), added, now);
}

SynchronizeAnswer SchedulerBench::Call(const std::string& worker, int slots, std::vector<AttemptReport> attempts,
                                       const std::string& device) {
  WorkerReport report;
  report.worker_id = worker;
  report.host = worker;
  report.slots = slots;
  report.devices = {{device, "", 0}};
  report.attempts = std::move(attempts);
  now += kSecond;
  Scheduler::Synchronized result = scheduler.Synchronize(report, now);
  last = std::move(result.decision);
  return std::move(result.answer);
}

void SchedulerBench::Wait(TimeMs duration) {
  now += duration;
  last = scheduler.Tick(now);
}

namespace {

std::string NameText(const AttemptName& name) {
  return absl::StrCat(name.trial_id, ":", name.generation);
}

}  // namespace

AttemptReport Running(const std::string& trial, std::uint64_t generation) {
  AttemptReport report;
  report.name = {trial, generation};
  return report;
}

AttemptReport Ended(const std::string& trial, std::uint64_t generation, AttemptOutcome outcome) {
  AttemptReport report = Running(trial, generation);
  report.end = AttemptEnd{.outcome = outcome, .message = "", .step = outcome == AttemptOutcome::kCompleted ? 100 : 0};
  return report;
}

AttemptReport Failed(const std::string& trial, std::uint64_t generation, FailureClass failure) {
  AttemptReport report = Ended(trial, generation, AttemptOutcome::kFailed);
  report.end->failure = failure;
  report.end->message = "it broke";
  return report;
}

AttemptReport Begun(const std::string& trial, std::uint64_t generation, std::int64_t from_step,
                    std::uint64_t continued_generation) {
  AttemptReport report = Running(trial, generation);
  report.begun =
      AttemptBeginning{.from_step = from_step, .config_json = "", .continued_generation = continued_generation};
  report.step = from_step;
  return report;
}

std::vector<std::string> Names(const std::vector<AttemptStart>& starts) {
  std::vector<std::string> names;
  for (const AttemptStart& start : starts) names.push_back(NameText(start.name));
  return names;
}

std::vector<std::string> Names(const std::vector<Holding>& holdings) {
  std::vector<std::string> names;
  for (const Holding& holding : holdings) names.push_back(NameText(holding.name));
  return names;
}

}  // namespace ofsweep
