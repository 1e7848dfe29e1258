#include "cli/login_link.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "cli/rpc_error.h"
#include "ofsweep/v1/access.grpc.pb.h"

namespace ofsweep {
namespace {

constexpr std::chrono::seconds kDeadline(60);

}  // namespace

absl::StatusOr<std::string> LoginLink(const std::shared_ptr<grpc::Channel>& channel, const std::string& coordinator) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  v1::CreateLoginResponse response;
  const grpc::Status status = v1::AccessService::NewStub(channel)->CreateLogin(&context, {}, &response);
  if (!status.ok()) return FromRpc(status, coordinator);
  return absl::StrCat(response.page(), "#login=", response.code());
}

std::string PageAddress(Server& server, const AccessOptions& access, bool is_terminal) {
  const std::string page = absl::StrCat(access.tls.empty() ? "http" : "https", "://", server.http_address(), "/");
  if (access.insecure || !is_terminal) return page;
  return LoginLink(server.InProcessChannel(), page).value_or(page);
}

}  // namespace ofsweep
