// The commands of `token`, and `login`, over AccessService.

#include <chrono>
#include <filesystem>
#include <system_error>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "access/secret_file.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/login_link.h"
#include "cli/rpc_error.h"
#include "ofsweep/v1/access.grpc.pb.h"

namespace ofsweep {
namespace {

constexpr std::chrono::seconds kDeadline(60);

template <class Request, class Response>
absl::StatusOr<Response> Call(const ConnectionOptions& options,
                              grpc::Status (v1::AccessService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                              Response*),
                              const Request& request) {
  const auto connection = Connection::OpenToChange(options);
  if (!connection.ok()) return connection.status();
  v1::AccessService::Stub stub(connection->channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromRpc(status, connection->target());
  return response;
}

std::string State(const v1::Principal& principal) {
  if (principal.has_revoked_at()) return absl::StrCat("revoked ", FormatTime(principal.revoked_at().seconds()));
  if (!principal.has_expires_at()) return "does not expire";
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::int64_t end = principal.expires_at().seconds();
  return absl::StrCat(end <= now ? "expired " : "until ", FormatTime(end));
}

}  // namespace

absl::Status TokenMake(const TokenMakeOptions& options, Streams streams) {
  std::error_code error;
  if (!options.out.empty() && std::filesystem::exists(options.out, error)) {
    return absl::AlreadyExistsError(absl::StrCat("--out ", options.out, " is there already: name another file"));
  }
  v1::CreatePrincipalRequest request;
  request.set_name(options.name);
  request.set_role(options.role);
  request.set_valid_seconds(options.days * 24 * 3600);
  const auto made = Call(options.connection, &v1::AccessService::Stub::CreatePrincipal, request);
  if (!made.ok()) return made.status();
  if (made->token().empty()) {
    streams.out << options.name << " may call with its certificate, as " << options.role << "\n";
    return absl::OkStatus();
  }
  if (options.out.empty()) {
    streams.out << made->token() << "\n";
    return absl::OkStatus();
  }
  if (absl::Status written = WriteSecretFile(options.out, made->token()); !written.ok()) {
    return {written.code(), absl::StrCat(written.message(),
                                         "; the token was made and nobody has it: `ofsweep token "
                                         "revoke ",
                                         options.name, "` and make it again")};
  }
  streams.out << "the token of " << options.name << " is in " << options.out << "\n";
  return absl::OkStatus();
}

absl::Status TokenList(const TokenListOptions& options, Streams streams) {
  const auto listed = Call(options.connection, &v1::AccessService::Stub::ListPrincipals, v1::ListPrincipalsRequest());
  if (!listed.ok()) return listed.status();
  if (options.json) {
    google::protobuf::util::JsonPrintOptions json;
    json.preserve_proto_field_names = true;
    json.add_whitespace = true;
    std::string text;
    if (const auto written = google::protobuf::util::MessageToJsonString(*listed, &text, json); !written.ok()) {
      return absl::InternalError(written.ToString());
    }
    streams.out << text;
    return absl::OkStatus();
  }
  if (listed->principals().empty()) {
    streams.out << "nobody but who can read the coordinator's data folder; `ofsweep token make` adds somebody\n";
    return absl::OkStatus();
  }
  std::vector<std::vector<std::string>> lines = {{"NAME", "ROLE", "MADE", "BY", "STATE"}};
  for (const v1::Principal& principal : listed->principals()) {
    lines.push_back({principal.name(), principal.role(), FormatTime(principal.created_at().seconds()),
                     principal.created_by(), State(principal)});
  }
  streams.out << AlignColumns(lines);
  return absl::OkStatus();
}

absl::Status TokenRevoke(const TokenRevokeOptions& options, Streams streams) {
  v1::RevokePrincipalRequest request;
  request.set_name(options.name);
  const auto revoked = Call(options.connection, &v1::AccessService::Stub::RevokePrincipal, request);
  if (!revoked.ok()) return revoked.status();
  streams.out << options.name << " may do nothing any more\n";
  return absl::OkStatus();
}

absl::Status PrintLogin(const LoginOptions& options, Streams streams) {
  const auto connection = Connection::OpenToChange(options.connection);
  if (!connection.ok()) return connection.status();
  const auto link = LoginLink(connection->channel(), connection->target());
  if (!link.ok()) return link.status();
  streams.out << *link << "\n";
  return absl::OkStatus();
}

}  // namespace ofsweep
