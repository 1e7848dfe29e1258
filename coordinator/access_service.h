#pragma once

#include <functional>
#include <string>

#include "access/access_book.h"
#include "coordinator/audit.h"
#include "coordinator/call_admission.h"
#include "coordinator/clock.h"
#include "ofsweep/v1/access.grpc.pb.h"
#include "storage/store.h"

namespace ofsweep {

// AccessService of proto/ofsweep/v1/access.proto.
class AccessServiceImpl final : public v1::AccessService::Service {
 public:
  // All must outlive the service.
  struct Parts {
    Store& store;
    AccessBook& book;
    const CallAdmission& admission;
    Audit& audit;
    const Clock& clock;
    std::function<absl::StatusOr<v1::CreateLoginResponse>(const Caller&)> create_login;
  };

  explicit AccessServiceImpl(Parts parts) : parts_(std::move(parts)) {}

  grpc::Status CreatePrincipal(grpc::ServerContext*, const v1::CreatePrincipalRequest*,
                               v1::CreatePrincipalResponse*) override;
  grpc::Status ListPrincipals(grpc::ServerContext*, const v1::ListPrincipalsRequest*,
                              v1::ListPrincipalsResponse*) override;
  grpc::Status RevokePrincipal(grpc::ServerContext*, const v1::RevokePrincipalRequest*,
                               v1::RevokePrincipalResponse*) override;
  grpc::Status CreateLogin(grpc::ServerContext*, const v1::CreateLoginRequest*, v1::CreateLoginResponse*) override;

 private:
  grpc::Status Create(const Caller& caller, const v1::CreatePrincipalRequest& request,
                      v1::CreatePrincipalResponse& response);
  grpc::Status Revoke(const std::string& name, v1::RevokePrincipalResponse& response);

  const Parts parts_;
  absl::Mutex changes_;  // one change of the book at a time
};

}  // namespace ofsweep
