#include "host/memory.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "host/control_groups.h"
#include "host/kernel_file.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

struct Usage {
  double limit = std::numeric_limits<double>::infinity();
  double room = std::numeric_limits<double>::infinity();
};

double FieldOf(const std::string& text, absl::string_view key, char separator) {
  return ReadKernelNumber(FindField(text, key, separator).value_or("")).value_or(0);
}

// The files of one version of control groups: the limit, what is used of it, and of that what is cached of files.
struct Names {
  const char* limit;
  const char* used;
  const char* inactive_file;
};
constexpr Names kUnified = {"memory.max", "memory.current", "inactive_file"};
constexpr Names kController = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};

void Narrow(const std::vector<fs::path>& folders, const Names& names, Usage& usage) {
  for (const fs::path& folder : folders) {
    const std::optional<double> limit = ReadKernelNumber(ReadText(folder / names.limit));
    if (!limit) continue;
    usage.limit = std::min(usage.limit, *limit);
    const std::optional<double> used = ReadKernelNumber(ReadText(folder / names.used));
    if (!used) continue;
    const double cached = FieldOf(ReadText(folder / "memory.stat"), names.inactive_file, ' ');
    usage.room = std::min(usage.room, std::max(0.0, *limit - *used + cached));
  }
}

Usage UsageOf(const fs::path& root) {
  const std::string machine = ReadText(root / "proc/meminfo");
  Usage usage{1024 * FieldOf(machine, "MemTotal", ':'), 1024 * FieldOf(machine, "MemAvailable", ':')};
  const ControlGroups groups = FindControlGroups("memory", root);
  Narrow(groups.unified, kUnified, usage);
  Narrow(groups.controller, kController, usage);
  return usage;
}

}  // namespace

double MemoryBytes(const fs::path& root) {
  return UsageOf(root).limit;
}

double FreeMemoryBytes(const fs::path& root) {
  return UsageOf(root).room;
}

std::uint64_t OutOfMemoryKills(const fs::path& root) {
  const ControlGroups groups = FindControlGroups("memory", root);
  const auto count = [](const fs::path& path) -> std::optional<std::uint64_t> {
    const std::optional<std::string> kills = FindField(ReadText(path), "oom_kill", ' ');
    if (!kills) return std::nullopt;
    return static_cast<std::uint64_t>(ReadKernelNumber(*kills).value_or(0));
  };
  std::optional<std::uint64_t> kills;
  if (!groups.unified.empty()) kills = count(groups.unified.back() / "memory.events");
  if (!kills && !groups.controller.empty()) kills = count(groups.controller.back() / "memory.oom_control");
  return kills.value_or(count(root / "proc/vmstat").value_or(0));
}

}  // namespace ofsweep
