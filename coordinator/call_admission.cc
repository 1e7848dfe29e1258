#include "coordinator/call_admission.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::string_view kScheme = "Bearer ";

absl::Status NobodyIsNamed() {
  return absl::UnauthenticatedError(
      "this coordinator wants to know who calls: name a file that holds your token with --token-file FILE or the "
      "environment's OFSWEEP_TOKEN_FILE. An admin makes one with `ofsweep token make`; on the coordinator's own "
      "machine it is the file access-token of its data folder");
}

}  // namespace

absl::StatusOr<Caller> CallAdmission::Identify(const Credentials& credentials) const {
  if (book_ == nullptr) return Caller{.name = kAnyoneName, .role = Role::kAdmin};
  if (!credentials.authorization.empty()) {
    const bool is_bearer = credentials.authorization.size() > kScheme.size() &&
                           absl::EqualsIgnoreCase(absl::string_view(credentials.authorization.data(), kScheme.size()),
                                                  absl::string_view(kScheme.data(), kScheme.size()));
    if (!is_bearer) {
      return absl::UnauthenticatedError("the header authorization is to be \"Bearer TOKEN\"");
    }
    return book_->OfToken(credentials.authorization.substr(kScheme.size()), clock_.Now());
  }
  if (!credentials.certificate_name.empty()) {
    return book_->OfCertificate(std::string(credentials.certificate_name), clock_.Now());
  }
  return NobodyIsNamed();
}

absl::Status CheckRole(const Caller& caller, Role needed, std::string_view what) {
  if (Holds(caller.role, needed)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      caller.name, " has the role ", std::string(RoleName(caller.role)), " here, and ", std::string(what),
      " needs the role ", std::string(RoleName(needed)), "; an admin makes a token of it with `ofsweep token make`"));
}

}  // namespace ofsweep
