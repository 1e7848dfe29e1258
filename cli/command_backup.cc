#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "experiment/data_folder.h"
#include "storage/backup.h"

namespace ofsweep {
namespace {

absl::Status CopyOnce(Backup& backup, const std::string& to, std::ostream& out) {
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<bool> copied = backup.Copy();
  if (!copied.ok()) return copied.status();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (*copied) {
    out << absl::StrFormat("copied %.1f MB to %s in %.2f s", static_cast<double>(backup.CopyBytes()) / 1e6, to,
                           took.count())
        << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BackUp(const BackupOptions& options, Streams streams) {
  const auto backup = Backup::Open(DatabasePath(options.data_dir), options.to);
  if (!backup.ok()) return backup.status();
  if (!options.every_seconds) return CopyOnce(**backup, options.to, streams.out);

  const Interrupt interrupt;
  const auto pause = std::chrono::duration<double>(*options.every_seconds);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!interrupt.Requested()) {
    // The next one may succeed: space may be free again.
    if (const absl::Status status = CopyOnce(**backup, options.to, streams.out); !status.ok()) {
      streams.err << "ofsweep: " << std::string(status.message()) << std::endl;
    }
    stopped.wait_for(lock, interrupt.Token(), pause, [] { return false; });
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
