#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ofsweep {

// Which checkpoints a worker keeps of a trial, in ascending order: none once it is completed or has diverged, the
// newest one, or every one that was written.
enum class KeepCheckpoints { kNone, kLast, kAll };

std::string_view Name(KeepCheckpoints keep);
std::optional<KeepCheckpoints> ParseKeepCheckpoints(std::string_view name);

inline constexpr int kMaxPriority = 1000;  // and the lowest is -kMaxPriority

// What a specification says of the sweep itself. It is no part of what a trial is: sweeps that differ in it share
// trials.
struct SweepAttributes {
  std::string description;
  std::vector<std::string> tags;  // sorted, each once
  int priority = 0;               // trials of a sweep with a higher one begin first
  KeepCheckpoints keep_checkpoints = KeepCheckpoints::kLast;

  bool operator==(const SweepAttributes&) const = default;
};

// The keys in which they differ, as a sweep file calls them.
std::vector<std::string> DifferingKeys(const SweepAttributes& a, const SweepAttributes& b);

}  // namespace ofsweep
