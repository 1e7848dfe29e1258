#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "access/access_book.h"
#include "coordinator/clock.h"
#include "coordinator/request_quota.h"

namespace ofsweep {

// What a call presents about who makes it. With a token, a certificate does not count.
struct Credentials {
  std::string_view authorization;     // the header: "Bearer TOKEN"
  std::string_view certificate_name;  // of a client certificate that was verified
};

// Decides who a caller is and whether it may make a call, for every door: gRPC, Connect, pages.
class CallAdmission {
 public:
  // All must outlive it. Without a book everybody is kAnyoneName and may do everything.
  CallAdmission(const AccessBook* book, const Clock& clock, RequestQuota& quota)
      : book_(book), clock_(clock), quota_(quota) {}

  bool asks_who_calls() const { return book_ != nullptr; }

  // Unauthenticated says what is missing or wrong, and the way out.
  absl::StatusOr<Caller> Identify(const Credentials& credentials) const;
  // One more request of that caller; once for each, at the door by which it comes. ResourceExhausted: there are too
  // many, try again then.
  absl::Status Count(const Caller& caller) const { return quota_.Take(caller, clock_.Now()); }

 private:
  const AccessBook* const book_;
  const Clock& clock_;
  RequestQuota& quota_;
};

// PermissionDenied where the caller's role does not hold `needed`; `what` it would be needed for: "CancelSweep".
absl::Status CheckRole(const Caller& caller, Role needed, std::string_view what);

}  // namespace ofsweep
