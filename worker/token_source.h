#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace ofsweep {

// The token for the calls to a coordinator, read again when its file may have changed. May be called from any thread.
class TokenSource {
 public:
  // `file` empty: that of the coordinator on this loopback address (access/local_coordinators.h). Without TLS a token
  // goes to no other user's process there.
  TokenSource(std::string file, std::string address, bool with_tls)
      : file_(std::move(file)), address_(std::move(address)), with_tls_(with_tls) {}

  // Why a named file cannot be used, or the local one must not; OK where no file is named and none is found.
  absl::Status Check();
  // "" where there is none. One that cannot be read any more counts as it was.
  std::string Token();

 private:
  absl::Status Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string file_;
  const std::string address_;
  const bool with_tls_;
  absl::Mutex mutex_;
  std::string token_ ABSL_GUARDED_BY(mutex_);
  absl::Time read_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace ofsweep
