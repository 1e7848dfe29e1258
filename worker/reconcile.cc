#include "worker/reconcile.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace ofsweep {

std::string ToText(const AttemptKey& name) {
  return absl::StrCat(name.trial_id, "#", name.generation);
}

Actions Reconcile(const std::vector<HeldAttempt>& held, const Instructions& told, int slots) {
  const std::set<AttemptKey> confirmed(told.confirmed.begin(), told.confirmed.end());
  std::map<std::string, std::uint64_t> newest_assigned;
  for (const AttemptKey& name : told.assigned) {
    std::uint64_t& generation = newest_assigned[name.trial_id];
    generation = std::max(generation, name.generation);
  }

  Actions actions;
  std::map<std::string, std::uint64_t> newest_held;
  std::set<std::string> occupied;  // trials whose folder a live process uses
  int free_slots = slots;
  for (const HeldAttempt& attempt : held) {
    const AttemptKey& name = attempt.name;
    if (attempt.alive) {
      --free_slots;
      occupied.insert(name.trial_id);
    }
    const auto assigned = newest_assigned.find(name.trial_id);
    const bool overtaken = assigned != newest_assigned.end() && assigned->second > name.generation;
    if (confirmed.contains(name) || overtaken) {
      actions.forget.push_back(name);
      continue;
    }
    newest_held[name.trial_id] = std::max(newest_held[name.trial_id], name.generation);
    const bool wanted = assigned != newest_assigned.end() && assigned->second == name.generation;
    if (attempt.alive && !attempt.stopping && !wanted) actions.stop.push_back(name);
  }

  for (const AttemptKey& name : told.assigned) {
    if (free_slots <= 0) break;
    const bool overtaken = name.generation < newest_assigned[name.trial_id];
    const auto existing = newest_held.find(name.trial_id);
    const bool known = existing != newest_held.end() && existing->second >= name.generation;
    if (overtaken || known || confirmed.contains(name) || occupied.contains(name.trial_id)) continue;
    actions.start.push_back(name);
    newest_held[name.trial_id] = name.generation;
    --free_slots;
  }
  return actions;
}

}  // namespace ofsweep
