#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/scheduler.h"
#include "tests/simulation/referee.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/simulation/simulated_worker.h"

namespace ofsweep {

// A coordinator, its disk, workers, users and the network between them, all decided by one seed. First comes a time of
// chaos: messages are lost, doubled and overtake each other, workers and the coordinator restart, users change their
// minds. Then the chaos stops, and everything that is wanted must come to an end.
class World {
 public:
  explicit World(std::uint64_t seed);

  // Runs to the end. Returns "" or what went wrong.
  std::string Run(std::uint64_t chaotic_events);
  std::uint64_t events() const { return events_; }
  // How often each state, cause and rare event came up.
  const std::map<std::string, std::uint64_t>& seen() const { return seen_; }

 private:
  using Action = std::function<void()>;
  struct Event {
    TimeMs at;
    std::uint64_t order;  // of equal times
    std::shared_ptr<Action> action;
    bool operator>(const Event& other) const { return std::pair(at, order) > std::pair(other.at, other.order); }
  };

  void After(TimeMs delay, Action action);
  void RunNext();
  bool Chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::int64_t Pick(std::int64_t from, std::int64_t to) { return std::uniform_int_distribution(from, to)(random_); }
  bool IsFinished() const;

  // The coordinator: a decision is on the disk before anybody hears of it.
  void Persist(const Decision& decision);
  void HandleReport(std::size_t worker, std::uint64_t number, const WorkerReport& report);
  void RestartCoordinator();
  void Tick();

  void Beat(std::size_t worker);
  void StartTrainer(std::size_t worker, const AttemptName& name);
  void StopTrainer(std::size_t worker, const AttemptName& name);
  AttemptEnd RandomEnd();
  void Send(Action deliver);

  void Disturb();
  void SubmitSweep();
  void UserActs();
  void RunUserAction(const std::string& sweep, int action);
  void EndChaos();

  std::mt19937_64 random_;
  SchedulerOptions options_;
  Referee referee_;
  SimulatedDisk disk_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<SimulatedWorker> workers_;
  std::vector<TimeMs> deaf_until_;  // by worker: its network is cut

  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  TimeMs now_ = 1'000'000;
  std::uint64_t events_ = 0;
  bool chaos_ = true;
  TimeMs coordinator_up_at_ = 0;
  std::size_t sweeps_ = 0;
  std::map<std::string, std::uint64_t> seen_;
};

}  // namespace ofsweep
