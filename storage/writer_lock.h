#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

// The process id of the store that has the right to write a database, in words where it did not say; "" where none has.
std::string WriterOf(const std::string& path);

// The right to write a database: an exclusive flock on PATH.lock, beside the file that links lead to. The kernel
// releases it when the process dies, however it dies; children started with exec do not inherit it. The lock file
// stays, because removing it would let two processes hold it.
class WriterLock {
 public:
  // Unavailable, with the holder's process id, when another store has it; PermissionDenied when the file cannot be
  // made.
  static absl::StatusOr<std::unique_ptr<WriterLock>> Acquire(const std::string& path);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  explicit WriterLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace ofsweep
