#include "worker/token_source.h"

#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/time/clock.h"
#include "access/local_coordinators.h"
#include "access/secret_file.h"
#include "experiment/data_folder.h"
#include "monitoring/host_port.h"

namespace ofsweep {
namespace {

constexpr absl::Duration kReadEvery = absl::Seconds(1);
// Where a coordinator keeps its data that was told nothing else.
constexpr const char* kUsualDataDir = "ofsweep-data";

// That of the coordinator on this machine's port; "" where none is known.
std::string FindLocalFile(std::uint16_t port) {
  const std::string noted = LocalTokenFile(port);
  if (!noted.empty()) return noted;
  const std::string usual = AccessTokenPath(kUsualDataDir);
  std::error_code error;
  return std::filesystem::exists(usual, error) ? usual : "";
}

}  // namespace

absl::Status TokenSource::Check() {
  absl::MutexLock lock(&mutex_);
  return Read();
}

std::string TokenSource::Token() {
  absl::MutexLock lock(&mutex_);
  // What fails here was told by Check, or mends itself: a coordinator that starts anew writes no other token.
  if (absl::Now() - read_at_ >= kReadEvery) (void)Read();
  return token_;
}

absl::Status TokenSource::Read() {
  read_at_ = absl::Now();
  const std::optional<HostPort> address = ParseHostPort(address_);
  const bool is_here = address && IsLoopback(address->host);
  const std::string path = file_.empty() && is_here ? FindLocalFile(address->port) : file_;
  if (path.empty()) return absl::OkStatus();
  if (is_here && !with_tls_) {
    if (absl::Status listener = CheckListener(address->port, path); !listener.ok()) {
      token_.clear();
      return listener;
    }
  }
  absl::StatusOr<std::string> token = ReadSecretFile(path);
  if (!token.ok()) return token.status();
  token_ = *std::move(token);
  return absl::OkStatus();
}

}  // namespace ofsweep
