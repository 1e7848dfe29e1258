#include "tests/simulation/simulated_worker.h"

#include <algorithm>
#include <set>
#include <utility>

namespace ofsweep {

WorkerReport SimulatedWorker::Report() {
  ++report_number_;
  WorkerReport report;
  report.worker_id = id_;
  report.host = id_;
  report.slots = slots();
  report.devices.push_back({has_cuda_ ? "cuda" : "cpu", "", 0});
  for (const auto& [name, end] : attempts_) report.attempts.push_back({name, 0, "", end});
  return report;
}

void SimulatedWorker::TakeAnswer(std::uint64_t report_number, const SynchronizeAnswer& answer) {
  if (report_number != report_number_) return;
  std::set<AttemptName> assigned;
  for (const Assignment& assignment : answer.assignments) assigned.insert(assignment.name);
  std::erase_if(attempts_, [&](const auto& attempt) { return !attempt.second && !assigned.contains(attempt.first); });
  for (const AttemptName& name : answer.confirmed) {
    const auto it = attempts_.find(name);
    if (it != attempts_.end() && it->second) attempts_.erase(it);
  }
  for (const AttemptName& name : assigned) {
    if (attempts_.try_emplace(name, std::nullopt).second) start_(name);
  }
}

bool SimulatedWorker::TrainerEnds(const AttemptName& name, AttemptEnd end) {
  const auto it = attempts_.find(name);
  if (it == attempts_.end() || it->second) return false;
  it->second = std::move(end);
  return true;
}

void SimulatedWorker::Restart() {
  std::erase_if(attempts_, [](const auto& attempt) { return !attempt.second; });
  ++report_number_;  // the answer to an earlier report finds nobody
}

int SimulatedWorker::CountRunning() const {
  return static_cast<int>(
      std::count_if(attempts_.begin(), attempts_.end(), [](const auto& attempt) { return !attempt.second; }));
}

}  // namespace ofsweep
