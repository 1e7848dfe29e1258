#include "tests/simulation/simulated_worker.h"

#include <algorithm>
#include <utility>

namespace ofsweep {

WorkerReport SimulatedWorker::Report() {
  ++report_number_;
  WorkerReport report;
  report.worker_id = id_;
  report.host = id_;
  report.slots = slots();
  report.devices.push_back({has_cuda_ ? "cuda" : "cpu", "", 0});
  for (const auto& [name, attempt] : attempts_) report.attempts.push_back({.name = name, .end = attempt.end});
  return report;
}

void SimulatedWorker::TakeAnswer(std::uint64_t report_number, const SynchronizeAnswer& answer) {
  if (report_number != report_number_) return;
  told_ = {.forget = answer.forget};
  for (const Holding& holding : answer.stop) told_.stop.push_back(holding.name);
  for (const AttemptStart& start : answer.start) told_.start.push_back(start.name);
  Follow();
}

void SimulatedWorker::Follow() {
  std::vector<HeldAttempt> held;
  for (const auto& [name, attempt] : attempts_) held.push_back({name, !attempt.end, attempt.stopping});
  const Instructions actions = Reconcile(held, told_, slots());
  for (const AttemptName& name : actions.forget) attempts_.erase(name);
  for (const AttemptName& name : actions.stop) {
    attempts_.at(name).stopping = true;
    trainers_.stop(name);
  }
  for (const AttemptName& name : actions.start) {
    attempts_.emplace(name, Attempt{});
    trainers_.start(name);
  }
}

bool SimulatedWorker::TrainerEnds(const AttemptName& name, AttemptEnd end) {
  const auto it = attempts_.find(name);
  if (it == attempts_.end() || it->second.end) return false;
  it->second.end = std::move(end);
  Follow();
  return true;
}

void SimulatedWorker::Restart() {
  std::erase_if(attempts_, [](const auto& attempt) { return !attempt.second.end; });
  told_ = {};
  ++report_number_;  // the answer to an earlier report finds nobody
}

int SimulatedWorker::CountRunning() const {
  return static_cast<int>(
      std::count_if(attempts_.begin(), attempts_.end(), [](const auto& attempt) { return !attempt.second.end; }));
}

}  // namespace ofsweep
