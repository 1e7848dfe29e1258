#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/unique_fd.h"

namespace ofsweep {

struct Gpu {
  std::string index;  // as CUDA_VISIBLE_DEVICES names it
  std::string model;  // "" when the driver does not say
};

// The GPUs this process may use: those of CUDA_VISIBLE_DEVICES where a batch system has set it, else every
// /dev/nvidiaN. `root` stands for "/" in tests.
std::vector<Gpu> FindGpus(const char* visible_devices, const std::string& root = "/");

// With less free space in its data folder a worker starts no trial, unless it is told otherwise.
inline constexpr std::uint64_t kMinFreeBytes = 64 << 20;

// The folders of data_dir that are there and that trials write to; each may be a disk of its own.
std::vector<std::string> WrittenFolders(const std::string& data_dir);

// "host" where the machine has no name.
std::string WorkerHost();
// "" when the kernel does not say.
std::string CpuModel();

// Absolute path of the program called `name` beside the executable of this process.
std::string BesideThisExecutable(const std::string& name);

// Puts the text, with a newline behind it, in place of the file by a rename: after a kill there is what was there
// before or all of it. ResourceExhausted says where there is no room.
absl::Status WriteWhole(const std::string& path, const std::string& text);

// Takes the folder for this process until the descriptor closes. FailedPrecondition when another agent has it.
absl::StatusOr<UniqueFd> LockDataDir(const std::string& data_dir);

// Tells a folder from its copies and from those of other hosts, and says where it is: "gpu-1:PATH (DEVICE:INODE)". At
// most 256 bytes, of a long path the end.
std::string FolderIdentity(const std::string& data_dir);

// What a worker is called by whoever started it: "slurm-120", of an array "slurm-120_7", with the number of the task
// where the job starts several; "pod-UID" where POD_UID is set, as Kubernetes' downward API does it; else the host's
// name. One word of printable ASCII, at most 100 bytes.
std::string WorkerName();

// The database that lent what is in data_dir; "" before any did.
std::string LoadDatabaseId(const std::string& data_dir);
absl::Status StoreDatabaseId(const std::string& data_dir, const std::string& id);

// The number of the last deletion that was followed; 0 before any was.
std::uint64_t LoadDeletionsFollowed(const std::string& data_dir);
absl::Status StoreDeletionsFollowed(const std::string& data_dir, std::uint64_t number);

}  // namespace ofsweep
