#include "worker/worker_identity.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "access/key_file.h"
#include "access/worker_id.h"
#include "experiment/data_folder.h"
#include "experiment/quoted.h"
#include "host/kernel_file.h"
#include "worker/host.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMostNameBytes = 100;  // with the digits behind it, below what the coordinator takes

bool IsWord(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

absl::StatusOr<WorkerIdentity> LoadWorkerIdentity(const std::string& data_dir, const std::string& name) {
  absl::StatusOr<std::string> key =
      LoadOrMakeKey(WorkerKeyPath(data_dir), "the worker makes a new one, and with it gets a new id");
  if (!key.ok()) return key.status();
  const std::string path = WorkerIdPath(data_dir);
  const std::string kept(absl::StripAsciiWhitespace(ReadText(path)));
  if (name.empty() && IsProvenBy(kept, *key) && IsWord(kept)) return WorkerIdentity{kept, *std::move(key)};

  const std::string called = name.empty() ? WorkerName() : name;
  if (called.size() > kMostNameBytes || !IsWord(called)) {
    return absl::InvalidArgumentError(absl::StrCat("the worker's name ", Quoted(called),
                                                   " must be one word of at most ", kMostNameBytes,
                                                   " printable ASCII characters"));
  }
  std::string id = WorkerId(called, *key);
  if (!name.empty()) return WorkerIdentity{std::move(id), *std::move(key)};
  if (absl::Status status = WriteWhole(path, id); !status.ok()) return status;
  if (!kept.empty()) spdlog::info("{} held {}, which is not of this folder's key: now {}", path, Printable(kept), id);
  return WorkerIdentity{std::move(id), *std::move(key)};
}

}  // namespace ofsweep
