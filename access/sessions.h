#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "access/access_book.h"

namespace ofsweep {

// How long a browser stays logged in.
inline constexpr TimeMs kSessionMs = TimeMs{12} * 3600 * 1000;

// Browsers that have logged in show a signed text in place of their token. Nothing is stored of them: the signature
// covers the principal's name, when the session ends, and the hash of its token, so a token that is revoked or replaced
// ends its sessions at once. The key follows from the data folder's token: sessions outlive a restart, and end with
// that token. May be called from any thread.
class Sessions {
 public:
  // `book` must outlive it.
  explicit Sessions(const AccessBook& book);

  // For somebody who is in the book: letters, digits, and any of ._-.
  std::string Begin(const std::string& name, TimeMs now) const;
  // Unauthenticated for what is forged, over, or of somebody who was revoked.
  absl::StatusOr<Caller> Of(const std::string& session, TimeMs now) const;

 private:
  std::string Signature(const std::string& name, TimeMs ends_at, const std::string& token_hash) const;

  const AccessBook& book_;
  const std::string key_;
};

}  // namespace ofsweep
