#include "coordinator/access_service.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "access/token.h"
#include "coordinator/grpc_access.h"
#include "coordinator/rpc_status.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

constexpr double kMaxValidSeconds = 10.0 * 366 * 24 * 3600;

v1::Principal ToMessage(const Principal& principal) {
  using google::protobuf::util::TimeUtil;
  v1::Principal message;
  message.set_name(principal.name);
  message.set_role(std::string(RoleName(principal.role)));
  message.set_created_by(principal.created_by);
  *message.mutable_created_at() = TimeUtil::MillisecondsToTimestamp(principal.created_at);
  if (principal.expires_at != 0) {
    *message.mutable_expires_at() = TimeUtil::MillisecondsToTimestamp(principal.expires_at);
  }
  if (principal.revoked_at != 0) {
    *message.mutable_revoked_at() = TimeUtil::MillisecondsToTimestamp(principal.revoked_at);
  }
  return message;
}

std::vector<Problem> CheckRequest(const v1::CreatePrincipalRequest& request) {
  std::vector<Problem> problems;
  if (const std::string why = WhyNoPrincipalName(request.name()); !why.empty()) {
    problems.push_back({.key = "name", .message = why});
  }
  if (!ParseRole(request.role())) {
    problems.push_back({.key = "role",
                        .message = absl::StrCat("there is no role ", Quoted(request.role())),
                        .fix = absl::StrCat("give ", RoleNames())});
  }
  if (!(request.valid_seconds() >= 0 && request.valid_seconds() <= kMaxValidSeconds)) {
    problems.push_back({.key = "valid_seconds",
                        .message = absl::StrCat(request.valid_seconds(), " is no time until it expires"),
                        .fix = "give at most 10 years; 0 means never"});
  }
  return problems;
}

std::optional<Principal> Find(const AccessBook& book, const std::string& name) {
  for (Principal& principal : book.All()) {
    if (principal.name == name) return std::move(principal);
  }
  return std::nullopt;
}

bool IsLive(const Principal& principal, TimeMs now) {
  return principal.revoked_at == 0 && (principal.expires_at == 0 || principal.expires_at > now);
}

}  // namespace

grpc::Status AccessServiceImpl::CreatePrincipal(grpc::ServerContext* context, const v1::CreatePrincipalRequest* request,
                                                v1::CreatePrincipalResponse* response) {
  return Guarded([&]() -> grpc::Status {
    const auto caller = CallerOf(*context, parts_.admission);
    if (!caller.ok()) return ToGrpcStatus(caller.status());
    if (const auto problems = CheckRequest(*request); !problems.empty()) return BadRequest(problems);
    const std::string subject = absl::StrCat(request->name(), " as ", request->role());
    return parts_.audit.Record(*caller, "CreatePrincipal", subject,
                               [&] { return Create(*caller, *request, *response); });
  });
}

grpc::Status AccessServiceImpl::Create(const Caller& caller, const v1::CreatePrincipalRequest& request,
                                       v1::CreatePrincipalResponse& response) {
  absl::MutexLock lock(&changes_);
  const TimeMs now = parts_.clock.Now();
  if (const auto known = Find(parts_.book, request.name()); known && IsLive(*known, now)) {
    return {grpc::StatusCode::ALREADY_EXISTS,
            absl::StrCat("there is a ", request.name(), " already; revoke it with `ofsweep token revoke ",
                         request.name(), "`, or choose another name")};
  }
  Principal principal{
      .name = request.name(), .role = *ParseRole(request.role()), .created_by = caller.name, .created_at = now};
  if (request.valid_seconds() > 0) {
    principal.expires_at = now + static_cast<TimeMs>(std::ceil(request.valid_seconds() * 1000));
  }
  std::string token;
  if (!request.name().starts_with(kCertificateScheme)) {
    token = NewToken();
    principal.token_hash = HashOfToken(token);
  }
  if (const absl::Status saved = parts_.store.SavePrincipal(principal).get(); !saved.ok()) return StorageStatus(saved);
  *response.mutable_principal() = ToMessage(principal);
  response.set_token(token);
  parts_.book.Put(std::move(principal));
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::ListPrincipals(grpc::ServerContext*, const v1::ListPrincipalsRequest*,
                                               v1::ListPrincipalsResponse* response) {
  return Guarded([&] {
    for (const Principal& principal : parts_.book.All()) *response->add_principals() = ToMessage(principal);
    return grpc::Status::OK;
  });
}

grpc::Status AccessServiceImpl::RevokePrincipal(grpc::ServerContext* context, const v1::RevokePrincipalRequest* request,
                                                v1::RevokePrincipalResponse* response) {
  return Guarded([&]() -> grpc::Status {
    const auto caller = CallerOf(*context, parts_.admission);
    if (!caller.ok()) return ToGrpcStatus(caller.status());
    return parts_.audit.Record(*caller, "RevokePrincipal", request->name(),
                               [&] { return Revoke(request->name(), *response); });
  });
}

grpc::Status AccessServiceImpl::Revoke(const std::string& name, v1::RevokePrincipalResponse& response) {
  absl::MutexLock lock(&changes_);
  std::optional<Principal> principal = Find(parts_.book, name);
  if (!principal) {
    return {grpc::StatusCode::NOT_FOUND,
            absl::StrCat("nobody here is called ", Quoted(name), "; `ofsweep token ls` lists the names")};
  }
  if (principal->revoked_at == 0) {
    principal->revoked_at = parts_.clock.Now();
    if (const absl::Status saved = parts_.store.SavePrincipal(*principal).get(); !saved.ok()) {
      return StorageStatus(saved);
    }
    parts_.book.Put(*principal);
  }
  *response.mutable_principal() = ToMessage(*principal);
  return grpc::Status::OK;
}

grpc::Status AccessServiceImpl::CreateLogin(grpc::ServerContext* context, const v1::CreateLoginRequest*,
                                            v1::CreateLoginResponse* response) {
  return Guarded([&]() -> grpc::Status {
    const auto caller = CallerOf(*context, parts_.admission);
    if (!caller.ok()) return ToGrpcStatus(caller.status());
    auto login = parts_.create_login(*caller);
    if (!login.ok()) return ToGrpcStatus(login.status());
    *response = *std::move(login);
    return grpc::Status::OK;
  });
}

}  // namespace ofsweep
