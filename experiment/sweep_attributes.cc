#include "experiment/sweep_attributes.h"

#include <array>

namespace ofsweep {
namespace {

constexpr std::array<std::string_view, 3> kKeepCheckpointsNames = {"none", "last", "all"};

}  // namespace

std::string_view Name(KeepCheckpoints keep) {
  return kKeepCheckpointsNames[static_cast<std::size_t>(keep)];
}

std::optional<KeepCheckpoints> ParseKeepCheckpoints(std::string_view name) {
  for (const KeepCheckpoints keep : {KeepCheckpoints::kNone, KeepCheckpoints::kLast, KeepCheckpoints::kAll}) {
    if (name == Name(keep)) return keep;
  }
  return std::nullopt;
}

std::vector<std::string> DifferingKeys(const SweepAttributes& a, const SweepAttributes& b) {
  std::vector<std::string> keys;
  if (a.description != b.description) keys.emplace_back("description");
  if (a.tags != b.tags) keys.emplace_back("tags");
  if (a.priority != b.priority) keys.emplace_back("priority");
  if (a.keep_checkpoints != b.keep_checkpoints) keys.emplace_back("keep.checkpoints");
  return keys;
}

}  // namespace ofsweep
