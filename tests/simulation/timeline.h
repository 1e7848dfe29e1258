#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "coordinator/clock.h"

namespace ofsweep {

// Simulated time and chance: what happens, and when, is decided by one seed.
class Timeline {
 public:
  using Action = std::function<void()>;

  explicit Timeline(std::uint64_t seed) : random_(seed) {}

  TimeMs now() const { return now_; }
  void After(TimeMs delay, Action action);
  // The next event; there must be one.
  void RunNext();
  std::uint64_t events() const { return events_; }

  bool Chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::int64_t Pick(std::int64_t from, std::int64_t to) { return std::uniform_int_distribution(from, to)(random_); }
  template <class Container>
  auto& PickOf(Container& container) {
    return container[static_cast<std::size_t>(Pick(0, static_cast<std::int64_t>(std::size(container)) - 1))];
  }

 private:
  struct Event {
    TimeMs at;
    std::uint64_t order;  // of equal times
    std::shared_ptr<Action> action;
    bool operator>(const Event& other) const { return std::pair(at, order) > std::pair(other.at, other.order); }
  };

  std::mt19937_64 random_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  TimeMs now_ = 1'000'000'000'000;
  std::uint64_t events_ = 0;
};

}  // namespace ofsweep
