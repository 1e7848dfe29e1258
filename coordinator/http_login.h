#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "access/access_book.h"
#include "access/login_codes.h"
#include "access/login_limit.h"
#include "access/sessions.h"
#include "coordinator/clock.h"
#include "monitoring/http_server.h"

namespace ofsweep {

// Browsers log in with a token or a code, and show a cookie from then on, which scripts cannot read and which other
// sites' pages cannot make them send.
class HttpLogin {
 public:
  // The references must outlive it.
  struct Parts {
    const AccessBook& book;
    LoginCodes& codes;
    const Clock& clock;
    std::string cookie;         // its name, which is this database's: cookies do not know ports
    bool is_encrypted = false;  // the cookie goes over TLS alone
  };
  explicit HttpLogin(Parts parts) : parts_(std::move(parts)), sessions_(parts_.book) {}

  // Whether there is a cookie in a request that its own page, or the user, makes.
  bool HasSession(const HttpRequest& request) const { return !SessionIn(request).empty(); }
  // Unauthenticated: log in again.
  absl::StatusOr<Caller> CallerOf(const HttpRequest& request) const;

  // POST {"token": …} or {"code": …} as application/json: 200 with the cookie and {"name", "role"}, or 401, 403 where
  // the role sees nothing, 429 after too many failures.
  HttpResponse Begin(const HttpRequest& request);
  HttpResponse End() const;

 private:
  std::string SessionIn(const HttpRequest& request) const;
  absl::StatusOr<Caller> Identify(const std::string& body) const;
  std::string Cookie(const std::string& value, TimeMs life) const;

  const Parts parts_;
  const Sessions sessions_;
  LoginLimit limit_;
};

// {"name": …, "role": …}, and whether one has to say who one is.
HttpResponse CallerResponse(const Caller& caller, bool asks_who_calls);

}  // namespace ofsweep
