#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "coordinator/attempt_secrets.h"

// A call's entries of which some may present no secret, or a wrong one: these are taken out before anything acts on the
// call, and answered as what the coordinator does not count on.
namespace ofsweep {

// By entry, whether it presents the secret of the attempt that it names. Of messages that name one.
template <class Messages>
std::vector<bool> WhichAreProven(const Messages& messages, const AttemptSecrets& secrets) {
  std::vector<bool> proven;
  proven.reserve(static_cast<std::size_t>(messages.size()));
  for (const auto& message : messages) {
    proven.push_back(secrets.Fits({message.trial_id(), message.generation()}, message.secret()));
  }
  return proven;
}

// Leaves the proven ones, and returns the others; both in their order.
template <class Entry>
std::vector<Entry> TakeUnproven(std::vector<Entry>& entries, const std::vector<bool>& proven) {
  std::vector<Entry> kept;
  std::vector<Entry> taken;
  for (std::size_t i = 0; i < entries.size(); ++i) (proven[i] ? kept : taken).push_back(std::move(entries[i]));
  entries = std::move(kept);
  return taken;
}

// One for each entry of the call, where `outcomes` has one for each that is proven.
template <class Outcome>
std::vector<Outcome> WithUnproven(std::vector<Outcome> outcomes, const std::vector<bool>& proven,
                                  const Outcome& of_unproven) {
  std::vector<Outcome> all;
  all.reserve(proven.size());
  auto next = outcomes.begin();
  for (const bool is_proven : proven) all.push_back(is_proven ? std::move(*next++) : of_unproven);
  return all;
}

}  // namespace ofsweep
