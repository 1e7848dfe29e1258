#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace ofsweep {

// An attempt of a trial is named by its lease: the generation grows whenever the trial is handed to somebody again.
struct AttemptKey {
  std::string trial_id;
  std::uint64_t generation = 0;

  auto operator<=>(const AttemptKey&) const = default;
};

// "3f2a…#2", for logs.
std::string ToText(const AttemptKey& name);

struct HeldAttempt {
  AttemptKey name;
  bool alive = false;     // its process has not been reaped
  bool stopping = false;  // and was told to end
};

struct Instructions {
  std::vector<AttemptKey> assigned;   // in the coordinator's order
  std::vector<AttemptKey> confirmed;  // recorded as ended, unknown, or fenced out
};

// What to do, in the order forget, stop, start.
struct Actions {
  std::vector<AttemptKey> forget;  // kill it if it is alive, and delete its outbox
  std::vector<AttemptKey> stop;    // SIGTERM; it is held until its end has been confirmed
  std::vector<AttemptKey> start;

  bool operator==(const Actions&) const = default;
};

// Compares what this worker holds with what it was told. Pure; calling it again after its actions were carried out asks
// for nothing more. An assignment that has to wait (all `slots` taken, or an older attempt of the trial still alive in
// the same folder) is asked for by a later call.
Actions Reconcile(const std::vector<HeldAttempt>& held, const Instructions& told, int slots);

}  // namespace ofsweep
