#pragma once

#include <memory>
#include <string>

#include <grpcpp/security/server_credentials.h>

#include "absl/status/statusor.h"
#include "access/access_book.h"
#include "access/login_codes.h"
#include "access/tls_files.h"
#include "coordinator/audit.h"
#include "coordinator/call_admission.h"
#include "coordinator/clock.h"
#include "storage/store.h"

namespace ofsweep {

// Who may reach a coordinator.
struct AccessOptions {
  // Whoever reaches an address of it may do everything, and nothing is encrypted.
  bool insecure = false;
  // Of the server. `authorities`: client certificates by these are asked for, and need not be given.
  TlsFiles tls = {};
};

// The parts of a coordinator that know its callers.
class ServerAccess {
 public:
  // Makes the data folder's token (AccessTokenPath) where there is none. Both references must outlive it. Errors name
  // the file and the way out.
  static absl::StatusOr<std::unique_ptr<ServerAccess>> Open(const AccessOptions& options, const std::string& data_dir,
                                                            Store& store, const Clock& clock);

  // FailedPrecondition where nothing protects an address of `option` ("--grpc") that other machines reach.
  absl::Status CheckAddress(const std::string& option, const std::string& address) const;
  // Of the gRPC port.
  std::shared_ptr<grpc::ServerCredentials> Credentials() const;

  AccessBook& book() { return book_; }
  const CallAdmission& admission() const { return admission_; }
  Audit& audit() { return *audit_; }
  LoginCodes& login_codes() { return login_codes_; }
  const TlsFiles& tls() const { return options_.tls; }

 private:
  ServerAccess(const AccessOptions& options, std::vector<Principal> principals, const std::string& local_token,
               std::unique_ptr<Audit> audit, const Clock& clock);

  const AccessOptions options_;
  AccessBook book_;
  RequestQuota quota_;
  const CallAdmission admission_;
  const std::unique_ptr<Audit> audit_;
  LoginCodes login_codes_;
};

}  // namespace ofsweep
