#include "worker/host.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : "";
}

// The value of the first line "key<separator>value".
std::optional<std::string> FindField(const std::string& text, absl::string_view key, char separator) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::size_t at = line.find(separator);
    if (at != absl::string_view::npos && absl::StripAsciiWhitespace(line.substr(0, at)) == key) {
      return std::string(absl::StripAsciiWhitespace(line.substr(at + 1)));
    }
  }
  return std::nullopt;
}

// Model by minor number, from the driver's own files.
std::map<int, std::string> GpuModels(const std::string& root) {
  std::map<int, std::string> models;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root + "/proc/driver/nvidia/gpus", ignored)) {
    const std::string text = ReadText(entry.path() / "information");
    int minor = 0;
    if (absl::SimpleAtoi(FindField(text, "Device Minor", ':').value_or(""), &minor)) {
      models[minor] = FindField(text, "Model", ':').value_or("");
    }
  }
  return models;
}

std::optional<std::uint64_t> GroupOutOfMemoryKills() {
  for (absl::string_view line : absl::StrSplit(ReadText("/proc/self/cgroup"), '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    std::string path;
    if (fields[1].empty()) path = absl::StrCat("/sys/fs/cgroup", fields[2], "/memory.events");
    if (fields[1] == "memory") path = absl::StrCat("/sys/fs/cgroup/memory", fields[2], "/memory.oom_control");
    std::uint64_t kills = 0;
    if (!path.empty() && absl::SimpleAtoi(FindField(ReadText(path), "oom_kill", ' ').value_or(""), &kills))
      return kills;
  }
  return std::nullopt;
}

// Cores by the quota of a version 2 control group ("200000 100000"), as containers set it.
std::optional<int> QuotaCores() {
  const std::vector<std::string> fields = absl::StrSplit(ReadText("/sys/fs/cgroup/cpu.max"), ' ');
  double quota = 0;
  double period = 0;
  if (fields.size() != 2 || !absl::SimpleAtod(fields[0], &quota) || !absl::SimpleAtod(fields[1], &period))
    return std::nullopt;
  return static_cast<int>(std::ceil(quota / period));
}

}  // namespace

std::vector<Gpu> FindGpus(const char* visible_devices, const std::string& root) {
  std::vector<int> minors;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root + "/dev", ignored)) {
    const std::string name = entry.path().filename().string();
    absl::string_view digits = name;
    int minor = 0;
    if (absl::ConsumePrefix(&digits, "nvidia") && absl::SimpleAtoi(digits, &minor) && minor >= 0)
      minors.push_back(minor);
  }
  std::sort(minors.begin(), minors.end());
  const std::map<int, std::string> models = GpuModels(root);
  std::vector<Gpu> gpus;
  for (std::size_t i = 0; i < minors.size(); ++i) {
    const auto model = models.find(minors[i]);
    gpus.push_back({std::to_string(i), model == models.end() ? "" : model->second});
  }
  if (visible_devices == nullptr || gpus.empty()) return gpus;

  std::vector<Gpu> visible;
  for (absl::string_view index : absl::StrSplit(visible_devices, ',', absl::SkipWhitespace())) {
    if (index == "-1") break;  // as CUDA reads it: what follows is hidden
    std::size_t position = 0;
    const bool numbered = absl::SimpleAtoi(index, &position) && position < gpus.size();
    visible.push_back({std::string(absl::StripAsciiWhitespace(index)), gpus[numbered ? position : 0].model});
  }
  return visible;
}

int UsableCores() {
  cpu_set_t set;
  const int allowed = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return std::max(1, std::min(allowed, QuotaCores().value_or(allowed)));
}

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "host";
}

std::string CpuModel() {
  return FindField(ReadText("/proc/cpuinfo"), "model name", ':').value_or("");
}

std::uint64_t MemoryBytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes) : 0;
}

std::uint64_t OutOfMemoryKills() {
  if (const std::optional<std::uint64_t> kills = GroupOutOfMemoryKills()) return *kills;
  std::uint64_t kills = 0;
  (void)absl::SimpleAtoi(FindField(ReadText("/proc/vmstat"), "oom_kill", ' ').value_or(""), &kills);
  return kills;
}

std::uint64_t FreeBytes(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

std::string BesideThisExecutable(const std::string& name) {
  std::error_code ignored;
  return (fs::read_symlink("/proc/self/exe", ignored).parent_path() / name).string();
}

absl::StatusOr<UniqueFd> LockDataDir(const std::string& data_dir) {
  const std::string path = data_dir + "/worker.lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.get() < 0)
    return absl::PermissionDeniedError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  return absl::FailedPreconditionError(
      absl::StrCat(data_dir, " is used by another worker: stop that one, or give this one another --data-dir"));
}

absl::StatusOr<std::string> LoadWorkerId(const std::string& data_dir) {
  const std::string path = data_dir + "/worker-id";
  std::string id(absl::StripAsciiWhitespace(ReadText(path)));
  if (!id.empty()) return id;
  id = absl::StrCat(HostName(), "-", absl::Hex(std::random_device()() & 0xffff, absl::kZeroPad4));
  // By rename: a worker that is killed here has either no id or a whole one.
  const std::string draft = path + ".new";
  std::ofstream(draft) << id << '\n';
  std::error_code error;
  fs::rename(draft, path, error);
  if (error || absl::StripAsciiWhitespace(ReadText(path)) != id) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot write ", path, ": free some space, or give the worker another --data-dir"));
  }
  return id;
}

}  // namespace ofsweep
