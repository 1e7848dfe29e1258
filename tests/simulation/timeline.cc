#include "tests/simulation/timeline.h"

namespace ofsweep {

void Timeline::After(TimeMs delay, Action action) {
  queue_.push({now_ + delay, static_cast<std::uint64_t>(random_()), std::make_shared<Action>(std::move(action))});
}

void Timeline::RunNext() {
  const Event event = queue_.top();
  queue_.pop();
  now_ = event.at;
  ++events_;
  (*event.action)();
}

}  // namespace ofsweep
