#include "access/access_book.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "access/token.h"

namespace ofsweep {
namespace {

std::string Date(TimeMs time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixMillis(time), absl::UTCTimeZone());
}

constexpr const char* kNewToken = "; an admin makes another one with `ofsweep token make`";

}  // namespace

AccessBook::AccessBook(std::vector<Principal> principals, std::string_view local_token)
    : local_{.name = kLocalName, .role = Role::kAdmin, .token_hash = HashOfToken(local_token)} {
  for (Principal& principal : principals) Put(std::move(principal));
}

absl::StatusOr<Caller> AccessBook::OfToken(std::string_view token, TimeMs now) const {
  const std::string hash = HashOfToken(token);
  absl::ReaderMutexLock lock(&mutex_);
  if (hash == local_.token_hash) return Live(&local_, now);
  const auto name = names_.find(hash);
  if (name == names_.end()) {
    return absl::UnauthenticatedError(absl::StrCat("the token is none of this coordinator's", kNewToken));
  }
  return Live(Find(name->second), now);
}

absl::StatusOr<Caller> AccessBook::OfCertificate(const std::string& name, TimeMs now) const {
  absl::ReaderMutexLock lock(&mutex_);
  const Principal* principal = Find(name);
  if (principal == nullptr || !principal->token_hash.empty()) {
    return absl::UnauthenticatedError(absl::StrCat("the client's certificate is of ", name,
                                                   ", which has no role here; an admin gives it one with `ofsweep "
                                                   "token make ",
                                                   name, " --role ROLE`"));
  }
  return Live(principal, now);
}

absl::StatusOr<Caller> AccessBook::OfName(const std::string& name, const std::string& hash, TimeMs now) const {
  absl::ReaderMutexLock lock(&mutex_);
  const Principal* principal = Find(name);
  if (principal == nullptr || principal->token_hash != hash) {
    return absl::UnauthenticatedError("the token that you logged in with is no more; log in again");
  }
  return Live(principal, now);
}

std::string AccessBook::HashOf(const std::string& name) const {
  absl::ReaderMutexLock lock(&mutex_);
  const Principal* principal = Find(name);
  return principal == nullptr ? "" : principal->token_hash;
}

void AccessBook::Put(Principal principal) {
  absl::MutexLock lock(&mutex_);
  if (const auto known = principals_.find(principal.name); known != principals_.end()) {
    names_.erase(known->second.token_hash);
  }
  if (!principal.token_hash.empty()) names_.insert_or_assign(principal.token_hash, principal.name);
  std::string name = principal.name;
  principals_.insert_or_assign(std::move(name), std::move(principal));
}

std::vector<Principal> AccessBook::All() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<Principal> all;
  for (const auto& [name, principal] : principals_) all.push_back(principal);
  return all;
}

absl::StatusOr<Caller> AccessBook::Live(const Principal* principal, TimeMs now) const {
  if (principal->revoked_at != 0) {
    return absl::UnauthenticatedError(
        absl::StrCat("what ", principal->name, " may do here was revoked on ", Date(principal->revoked_at), kNewToken));
  }
  if (principal->expires_at != 0 && principal->expires_at <= now) {
    return absl::UnauthenticatedError(
        absl::StrCat("what ", principal->name, " may do here has expired on ", Date(principal->expires_at), kNewToken));
  }
  return Caller{.name = principal->name, .role = principal->role};
}

const Principal* AccessBook::Find(const std::string& name) const {
  if (name == local_.name) return &local_;
  const auto found = principals_.find(name);
  return found == principals_.end() ? nullptr : &found->second;
}

}  // namespace ofsweep
