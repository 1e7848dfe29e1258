#include "worker/reconcile.h"

#include <algorithm>
#include <map>
#include <set>

namespace ofsweep {

Instructions Reconcile(const std::vector<HeldAttempt>& held, const Instructions& told, int slots) {
  const std::set<AttemptName> to_stop(told.stop.begin(), told.stop.end());
  const std::set<AttemptName> to_forget(told.forget.begin(), told.forget.end());
  std::map<std::string, std::uint64_t> newest;  // generation of each trial that is to start
  for (const AttemptName& name : told.start) {
    std::uint64_t& generation = newest[name.trial_id];
    generation = std::max(generation, name.generation);
  }

  Instructions actions;
  std::set<std::string> occupied;  // trials whose folder a live process uses
  int free_slots = slots;
  for (const HeldAttempt& attempt : held) {
    const AttemptName& name = attempt.name;
    if (attempt.alive) {
      --free_slots;
      occupied.insert(name.trial_id);
    }
    const auto starting = newest.find(name.trial_id);
    const bool overtaken = starting != newest.end() && starting->second > name.generation;
    if (overtaken || to_forget.contains(name)) {
      actions.forget.push_back(name);
    } else {
      std::uint64_t& generation = newest[name.trial_id];
      generation = std::max(generation, name.generation + 1);  // it, and what is older, need not be started
      if (attempt.alive && !attempt.stopping && to_stop.contains(name)) actions.stop.push_back(name);
    }
  }

  for (const AttemptName& name : told.start) {
    if (free_slots <= 0) break;
    if (name.generation < newest[name.trial_id] || occupied.contains(name.trial_id)) continue;
    actions.start.push_back(name);
    newest[name.trial_id] = name.generation + 1;
    --free_slots;
  }
  return actions;
}

}  // namespace ofsweep
