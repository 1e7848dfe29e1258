#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "access/principal.h"

namespace ofsweep {

// Who may call a coordinator: its principals, and kLocalName, whose token lies in the data folder. May be called from
// any thread.
class AccessBook {
 public:
  // `local_token` is the data folder's.
  AccessBook(std::vector<Principal> principals, std::string_view local_token);

  // Unauthenticated says why in words that tell nothing to who does not have the token: nobody has it, it has expired,
  // it was revoked.
  absl::StatusOr<Caller> OfToken(std::string_view token, TimeMs now) const;
  absl::StatusOr<Caller> OfCertificate(const std::string& name, TimeMs now) const;
  // Of one that was let in before and is known by its name since: it may have been revoked. `hash` says that it is
  // still the same token.
  absl::StatusOr<Caller> OfName(const std::string& name, const std::string& hash, TimeMs now) const;
  // The hash of the token of that name; empty without one.
  std::string HashOf(const std::string& name) const;

  // Adds it, or puts it in place of the one of its name.
  void Put(Principal principal);
  // By their names, without kLocalName.
  std::vector<Principal> All() const;

 private:
  absl::StatusOr<Caller> Live(const Principal* principal, TimeMs now) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  const Principal* Find(const std::string& name) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const Principal local_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Principal> principals_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::string> names_ ABSL_GUARDED_BY(mutex_);  // by the hashes of tokens
};

}  // namespace ofsweep
