#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <openssl/ssl.h>
#include <boost/asio/ssl/context.hpp>

#include "absl/status/statusor.h"
#include "monitoring/http_server.h"

namespace ofsweep {

// What a server's TLS connections are made with: of the files as they are now, for they may be replaced.
class TlsContext {
 public:
  using Shared = std::shared_ptr<boost::asio::ssl::context>;

  // InvalidArgument names the file that cannot be used.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Load(const HttpTlsOptions& options);

  // For a new connection, which keeps it. Where the files have changed and cannot be used, what they held before stays
  // in use, and `on_unusable` hears why, once. Belongs to one thread at a time.
  Shared Current();

 private:
  explicit TlsContext(const HttpTlsOptions& options) : options_(options) {}

  const HttpTlsOptions options_;
  std::string read_;  // what the files held at the last look
  std::chrono::steady_clock::time_point looked_at_ = std::chrono::steady_clock::now();
  Shared context_;
};

// The one URI among the alternative names of the client's certificate, which was verified; "" without a certificate, or
// with none or several.
std::string CertificateUri(SSL* connection);

}  // namespace ofsweep
