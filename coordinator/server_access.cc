#include "coordinator/server_access.h"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "absl/strings/str_cat.h"
#include "access/secret_file.h"
#include "access/token.h"
#include "coordinator/grpc_access.h"
#include "experiment/data_folder.h"
#include "monitoring/host_port.h"

namespace ofsweep {
namespace {

absl::StatusOr<std::string> LocalToken(const std::string& path) {
  auto token = ReadOwnSecretFile(path);
  if (!absl::IsNotFound(token.status())) return token;
  token = NewToken();
  if (absl::Status written = WriteSecretFile(path, *token); !written.ok()) return written;
  return token;
}

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const TlsFiles& files) {
  using grpc::experimental::FileWatcherCertificateProvider;
  grpc::experimental::TlsServerCredentialsOptions options(std::make_shared<FileWatcherCertificateProvider>(
      files.key, files.certificate, files.authorities, kTlsRefreshSeconds));
  options.watch_identity_key_cert_pairs();
  if (!files.authorities.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerAccess>> ServerAccess::Open(const AccessOptions& options,
                                                                 const std::string& data_dir, Store& store,
                                                                 const Clock& clock) {
  if (!options.tls.empty() && options.tls.certificate.empty()) {
    return absl::InvalidArgumentError("--tls-client-ca is of a server with TLS: give --tls-cert and --tls-key too");
  }
  if (absl::Status files = CheckTlsFiles(options.tls, clock.Now()); !files.ok()) return files;
  const auto local_token = LocalToken(AccessTokenPath(data_dir));
  if (!local_token.ok()) return local_token.status();
  auto principals = store.ListPrincipals();
  if (!principals.ok()) return principals.status();
  auto audit = Audit::Open(store, clock);
  if (!audit.ok()) return audit.status();
  return std::unique_ptr<ServerAccess>(
      new ServerAccess(options, *std::move(principals), *local_token, *std::move(audit), clock));
}

ServerAccess::ServerAccess(const AccessOptions& options, std::vector<Principal> principals,
                           const std::string& local_token, std::unique_ptr<Audit> audit, const Clock& clock)
    : options_(options),
      book_(std::move(principals), local_token),
      admission_(options.insecure ? nullptr : &book_, clock, quota_),
      audit_(std::move(audit)) {}

absl::Status ServerAccess::CheckAddress(const std::string& option, const std::string& address) const {
  const std::optional<HostPort> parsed = ParseHostPort(address);
  // gRPC's credentials of loopback know no other addresses than these.
  const bool is_loopback =
      parsed && (parsed->host == "127.0.0.1" || parsed->host == "::1" || parsed->host == "localhost");
  if (options_.insecure || !options_.tls.empty() || !parsed || is_loopback) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(option, " ", address,
                   " can be reached from other machines, and tokens and points would pass there for all to read. Give "
                   "--tls-cert FILE and --tls-key FILE (docs/access.md says how to make them), or listen on 127.0.0.1; "
                   "--insecure lets whoever reaches that address do everything"));
}

std::shared_ptr<grpc::ServerCredentials> ServerAccess::Credentials() const {
  if (options_.insecure) {
    return options_.tls.empty() ? grpc::InsecureServerCredentials() : TlsCredentials(options_.tls);
  }
  // On loopback nothing is encrypted; the credentials make sure that the caller is on this machine.
  auto credentials =
      options_.tls.empty() ? grpc::experimental::LocalServerCredentials(LOCAL_TCP) : TlsCredentials(options_.tls);
  credentials->SetAuthMetadataProcessor(MakeAccessProcessor(admission_));
  return credentials;
}

}  // namespace ofsweep
