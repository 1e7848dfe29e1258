#include "worker/host.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "experiment/data_folder.h"
#include "experiment/terminal_text.h"
#include "host/kernel_file.h"
#include "monitoring/host_name.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
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

}  // namespace

absl::Status WriteWhole(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  std::ofstream(draft) << text << '\n';
  std::error_code error;
  fs::rename(draft, path, error);
  if (!error && absl::StripAsciiWhitespace(ReadText(path)) == text) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("cannot write ", path, ": free some space, or give the worker another --data-dir"));
}

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

std::vector<std::string> WrittenFolders(const std::string& data_dir) {
  std::vector<std::string> folders = {data_dir, TrialsFolder(data_dir), DatasetsFolder(data_dir)};
  // A cache that somebody else fills may be on a disk for reading alone, which has no room, and needs none.
  std::erase_if(folders, [](const std::string& folder) { return ::access(folder.c_str(), W_OK) != 0; });
  return folders;
}

std::string WorkerHost() {
  const std::string name = HostName();
  return name.empty() ? "host" : name;
}

std::string CpuModel() {
  return FindField(ReadText("/proc/cpuinfo"), "model name", ':').value_or("");
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

std::string FolderIdentity(const std::string& data_dir) {
  constexpr std::size_t kPathBytes = 120;
  const std::string host = WorkerHost().substr(0, 64);
  std::string path = TerminalText(data_dir);
  if (path.size() > kPathBytes) {
    std::size_t begin = path.size() - kPathBytes;
    while (begin < path.size() && (path[begin] & 0xC0) == 0x80) ++begin;  // within a letter
    path = absl::StrCat("…", path.substr(begin));
  }
  struct stat status {};
  if (::stat(data_dir.c_str(), &status) != 0) return absl::StrCat(host, ":", path);
  return absl::StrCat(host, ":", path, " (", status.st_dev, ":", status.st_ino, ")");
}

std::string WorkerName() {
  const std::string job = Variable("SLURM_JOB_ID");
  const std::string array_task = Variable("SLURM_ARRAY_TASK_ID");
  const std::string pod = Variable("POD_UID");
  std::string name = WorkerHost();
  if (!job.empty()) {
    name = absl::StrCat("slurm-",
                        array_task.empty() ? job : absl::StrCat(Variable("SLURM_ARRAY_JOB_ID"), "_", array_task));
    int tasks = 0;
    if (absl::SimpleAtoi(Variable("SLURM_STEP_NUM_TASKS"), &tasks) && tasks > 1) {
      absl::StrAppend(&name, "-", Variable("SLURM_PROCID"));
    }
  } else if (!pod.empty()) {
    name = absl::StrCat("pod-", pod);
  }
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c <= ' ' || c >= 127; }, '_');
  return name.substr(0, 100);
}

std::string LoadDatabaseId(const std::string& data_dir) {
  return std::string(absl::StripAsciiWhitespace(ReadText(DatabaseIdPath(data_dir))));
}

absl::Status StoreDatabaseId(const std::string& data_dir, const std::string& id) {
  return WriteWhole(DatabaseIdPath(data_dir), id);
}

std::uint64_t LoadDeletionsFollowed(const std::string& data_dir) {
  std::uint64_t number = 0;
  const std::string text = ReadText(DeletionsPath(data_dir));
  return absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &number) ? number : 0;
}

absl::Status StoreDeletionsFollowed(const std::string& data_dir, std::uint64_t number) {
  return WriteWhole(DeletionsPath(data_dir), absl::StrCat(number));
}

}  // namespace ofsweep
