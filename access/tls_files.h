#pragma once

#include <string>

#include "absl/status/status.h"
#include "experiment/time_ms.h"

namespace ofsweep {

// PEM files of a server or a client; they may be replaced while it runs, and are read again.
struct TlsFiles {
  std::string certificate;  // its chain, leaf first
  std::string key;          // of the leaf
  std::string authorities;  // whose certificates of the other side are trusted

  bool empty() const { return certificate.empty() && key.empty() && authorities.empty(); }
};

// Seconds between two looks at them.
inline constexpr unsigned kTlsRefreshSeconds = 10;

// What is wrong with them at that time, with the file and the way out: InvalidArgument for a certificate without a key
// or the reverse, a file that is none, or a key of another certificate; NotFound or PermissionDenied for one that
// cannot be read; FailedPrecondition for a certificate that has expired or is not valid yet, which a clock that goes
// wrong causes too. No message quotes a key.
absl::Status CheckTlsFiles(const TlsFiles& files, TimeMs now);

}  // namespace ofsweep
