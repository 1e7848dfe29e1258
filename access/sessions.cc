#include "access/sessions.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "access/secret.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMaxBytes = 1024;

std::string Hmac(const std::string& key, const std::string& text) {
  return absl::BytesToHexString(HmacSha256(key, text));
}

absl::Status IsOver() {
  return absl::UnauthenticatedError("you are not logged in any more; log in again");
}

}  // namespace

Sessions::Sessions(const AccessBook& book) : book_(book), key_(Hmac(book.HashOf(kLocalName), "key of sessions")) {}

std::string Sessions::Begin(const std::string& name, TimeMs now) const {
  const TimeMs ends_at = now + kSessionMs;
  return absl::StrCat(absl::WebSafeBase64Escape(name), ".", ends_at, ".", Signature(name, ends_at, book_.HashOf(name)));
}

absl::StatusOr<Caller> Sessions::Of(const std::string& session, TimeMs now) const {
  if (session.size() > kMaxBytes) return IsOver();
  const std::vector<std::string> parts = absl::StrSplit(session, '.');
  std::string name;
  TimeMs ends_at = 0;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[0], &name) || !absl::SimpleAtoi(parts[1], &ends_at)) {
    return IsOver();
  }
  const std::string hash = book_.HashOf(name);
  const std::string signature = Signature(name, ends_at, hash);
  if (!IsSameSecret(parts[2], signature) || ends_at <= now) return IsOver();
  return book_.OfName(name, hash, now);
}

std::string Sessions::Signature(const std::string& name, TimeMs ends_at, const std::string& token_hash) const {
  return Hmac(key_, absl::StrCat(name, "\n", ends_at, "\n", token_hash));
}

}  // namespace ofsweep
