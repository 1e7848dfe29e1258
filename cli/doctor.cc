#include "cli/doctor.h"

#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/connection.h"
#include "cli/program.h"
#include "corpus/listing.h"
#include "experiment/build_revision.h"
#include "experiment/version_text.h"
#include "host/cores.h"
#include "host/disk.h"
#include "host/memory.h"
#include "worker/cuda_memory.h"
#include "worker/host.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr double kGibibyte = 1 << 30;

std::string Gibibytes(double bytes) {
  return absl::StrFormat("%.1f GiB", bytes / kGibibyte);
}

std::string FetchScript() {
  return BesideThisExecutable("../share/ofsweep/setup/fetch_wheels.py");
}

Check CheckTrainer() {
  Check check{.what = "trainer"};
  const std::string trainer = BesideThisExecutable("ofsweep-trainer");
  const std::string own(VersionText("ofsweep-trainer"));
  const ScratchFolder folder;
  const ProgramOutput output{(folder.path() / "out").string(), (folder.path() / "err").string()};
  const absl::StatusOr<int> end = RunProgram({trainer, "--version"}, output);
  if (!end.ok() || *end != 0) {
    check.verdict = Verdict::kMissing;
    check.found = end.ok() ? absl::StrCat(trainer, " ", DescribeEnd(*end), ": ", LastLine(output.err))
                           : std::string(end.status().message());
    const bool is_installed = end.ok() && fs::exists(FetchScript());
    check.fix =
        is_installed
            ? "`ofsweep doctor --install-trainer` fetches LibTorch for it"
            : "run, worker and plan need it: build it (deploy/setup/build.sh release), or copy it beside ofsweep";
    return check;
  }
  check.found = LastLine(output.out);
  if (check.found != own) {
    check.verdict = Verdict::kWarning;
    check.fix = absl::StrCat("ofsweep is of revision ", std::string(BuildRevision()), ": build both from one commit");
  }
  return check;
}

Check CheckGpu() {
  Check check{.what = "GPU"};
  const std::vector<Gpu> gpus = FindGpus(std::getenv("CUDA_VISIBLE_DEVICES"));
  if (gpus.empty()) {
    check.found = absl::StrCat("none: trials train on ", UsableCores(), " cores");
    return check;
  }
  const std::vector<CudaMemory> memory = ReadCudaMemory(gpus);
  check.found = absl::StrCat(gpus.size(), " × ", gpus.front().model.empty() ? "GPU" : gpus.front().model);
  if (memory.empty()) {
    check.verdict = Verdict::kWarning;
    check.fix = "the driver does not answer (its library NVML): does nvidia-smi work?";
    return check;
  }
  double bytes = 0;
  for (const CudaMemory& one : memory) bytes += static_cast<double>(one.total_bytes - one.used_bytes);
  absl::StrAppend(&check.found, ", ", Gibibytes(bytes), " free");
  return check;
}

Check CheckMemory() {
  Check check{.what = "memory"};
  const double free = FreeMemoryBytes();
  check.found = absl::StrCat(Gibibytes(free), " of ", Gibibytes(MemoryBytes()), " free");
  if (free >= kGibibyte) return check;
  check.verdict = Verdict::kWarning;
  check.fix = "a small trial on a CPU takes about 1 GiB (`ofsweep plan FILE` says how much): end what uses it";
  return check;
}

// The folder, or the nearest above it that there is.
fs::path Existing(const std::string& data_dir) {
  std::error_code error;
  fs::path folder = fs::absolute(data_dir);
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

Check CheckDisk(const std::string& data_dir) {
  Check check{.what = "disk"};
  const fs::path folder = Existing(data_dir);
  const std::optional<std::uint64_t> free = FreeBytesOnDiskOf(folder.string());
  check.found = absl::StrCat(folder.string(), ": ", free ? Gibibytes(static_cast<double>(*free)) + " free" : "unknown");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    check.verdict = Verdict::kMissing;
    check.found = absl::StrCat(folder.string(), ": cannot be written");
    check.fix = "give --data-dir of a folder that this user may write";
  } else if (free && *free < kMinFreeBytes) {
    check.verdict = Verdict::kMissing;
    check.fix = absl::StrCat("make room: with less than ", kMinFreeBytes >> 20, " MiB a worker starts no trial");
  } else if (free && static_cast<double>(*free) < 2 * kGibibyte) {
    check.verdict = Verdict::kWarning;
    check.fix = "checkpoints and data sets may need more: make room, or give another --data-dir";
  }
  return check;
}

// SQLite's write-ahead log needs memory that all processes of one machine share, which network file systems lack
// (sqlite.org/wal.html).
Check CheckFileSystem(const std::string& data_dir) {
  static const std::map<long, const char*> kNetwork = {
      {0x6969, "NFS"},        {0x517B, "SMB"},      {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB2"}, {0x01021997, "9P"},
      {0x0BD00BD0, "Lustre"}, {0x00C36400, "Ceph"}, {0x5346414F, "AFS"},  {0x47504653, "GPFS"}, {0x65735546, "FUSE"}};
  Check check{.what = "file system"};
  const fs::path folder = Existing(data_dir);
  struct statfs about = {};
  if (::statfs(folder.c_str(), &about) != 0) {
    check.verdict = Verdict::kWarning;
    check.found = absl::StrCat(folder.string(), ": the system does not say which it is");
    check.fix = "the database needs a local disk";
    return check;
  }
  const auto network = kNetwork.find(static_cast<long>(about.f_type));
  if (network == kNetwork.end()) {
    check.found = "local";
    return check;
  }
  const bool may_be_local = std::string_view(network->second) == "FUSE";
  check.verdict = may_be_local ? Verdict::kWarning : Verdict::kMissing;
  check.found = absl::StrCat(folder.string(), " is on ", network->second);
  check.fix =
      "SQLite's write-ahead log needs a local disk: give --data-dir of one, and copy from there with "
      "`ofsweep db backup`";
  return check;
}

Check CheckPort(std::uint16_t port) {
  Check check{.what = absl::StrCat("port ", port)};
  const std::string user = ListenerOf(port);
  check.found = user.empty() ? "free" : "used by " + user;
  if (user.empty() || user.starts_with("ofsweep,")) return check;
  check.verdict = Verdict::kWarning;
  check.fix = "end that process, or give `ofsweep coordinator` other ports with --grpc and --http";
  return check;
}

// Whether it answers a call, as every command needs it to.
Check CheckCoordinator(const std::string& address, const CallerOptions& caller) {
  Check check{.what = "coordinator", .found = absl::StrCat(address, " answers")};
  const auto connection = Connection::OpenToChange({.coordinator = address, .caller = caller});
  v1::ListSweepsRequest request;
  request.set_page_size(1);
  const absl::Status status =
      connection.ok() ? connection->Call(&v1::SweepService::Stub::ListSweeps, request).status() : connection.status();
  if (status.ok()) return check;
  check.verdict = Verdict::kMissing;
  check.found = absl::StrCat(address, " does not answer");
  check.fix = std::string(status.message());
  return check;
}

Check CheckClock() {
  Check check{.what = "clock", .found = "synchronised"};
  struct timex about = {};
  if (::adjtimex(&about) >= 0 && (about.status & STA_UNSYNC) == 0) return check;
  check.verdict = Verdict::kWarning;
  check.found = "nothing says that it is synchronised";
  check.fix = "start an NTP client, such as chrony: times of several machines would not compare";
  return check;
}

Check CheckPythonFiles() {
  Check check{.what = "Python files"};
  const auto listing = ListCorpus(CorpusKind::kPython, "", DataRoots());
  if (listing.ok()) {
    double bytes = 0;
    for (const CorpusFile& file : listing->files) bytes += static_cast<double>(file.size);
    check.found = absl::StrFormat("%d files, %.1f MiB", listing->files.size(), bytes / (1 << 20));
    return check;
  }
  check.verdict = Verdict::kWarning;
  check.found = "none";
  check.fix = "sweeps with data.source: python train on them: install python3, or give data.path";
  return check;
}

}  // namespace

absl::Status InstallTrainer() {
  const std::string script = FetchScript();
  if (!fs::exists(script)) {
    return absl::FailedPreconditionError(
        absl::StrCat("no ofsweep-trainer was installed beside this program (there is no ", script,
                     "): where it was built, deploy/setup/install.sh has fetched LibTorch"));
  }
  const fs::path folder = fs::path(BesideThisExecutable("../lib/ofsweep")).lexically_normal();
  if (const fs::path above = Existing(folder.string()); ::access(above.c_str(), W_OK | X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        above.string(), " cannot be written: run it as its owner (sudo ofsweep doctor --install-trainer)"));
  }
  std::vector<std::string> command = {"/usr/bin/env", "python3", script, folder.string()};
  if (!FindGpus(nullptr).empty()) command.emplace_back("--cuda");
  const absl::StatusOr<int> end = RunProgram(command);
  if (!end.ok()) return end.status();
  if (*end == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("LibTorch was not fetched, as said above; what has arrived in ", folder.string(), " is kept"));
}

std::vector<Check> Examine(const DoctorOptions& options) {
  std::vector<Check> checks = {{.what = "program", .found = VersionText("ofsweep")},
                               CheckTrainer(),
                               CheckGpu(),
                               CheckMemory(),
                               CheckDisk(options.data_dir),
                               CheckFileSystem(options.data_dir)};
  for (const std::uint16_t port : options.ports) checks.push_back(CheckPort(port));
  if (options.coordinator) checks.push_back(CheckCoordinator(*options.coordinator, options.caller));
  checks.push_back(CheckClock());
  checks.push_back(CheckPythonFiles());
  return checks;
}

}  // namespace ofsweep
