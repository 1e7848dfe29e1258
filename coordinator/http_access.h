#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/call_admission.h"
#include "coordinator/http_login.h"
#include "monitoring/http_server.h"

namespace ofsweep {

// The one place that every HTTP request passes: who asks, and may it? The page's files, /healthz and /readyz are for
// everybody; /metrics and /sd/workers need the role scrape; an RPC what its proto says. A caller is known by its token
// ("Authorization: Bearer TOKEN"), else by the cookie of its browser, else by its client certificate.
class HttpAccess {
 public:
  struct Parts {
    const CallAdmission& admission;  // must outlive it
    HttpLogin::Parts login;
    std::string rpcs;                    // what the paths of RPCs begin with
    std::vector<std::string> own_names;  // under which the coordinator may be asked for (http_origin.h)
  };
  explicit HttpAccess(Parts parts) : parts_(std::move(parts)), login_(parts_.login) {}

  // HttpServerOptions::admit.
  std::optional<HttpResponse> Admit(HttpRequest& request) const;
  // Of an RPC that was admitted.
  static Caller CallerOf(const HttpRequest& request);

  // GET /session says who one is, POST /login and /logout begin and end a session.
  void AddTo(HttpRoutes& routes);

 private:
  std::optional<Role> NeededFor(const std::string& path) const;
  absl::StatusOr<Caller> Identify(const HttpRequest& request) const;
  HttpResponse Refuse(const HttpRequest& request, const absl::Status& status) const;
  HttpResponse AnswerSession(const HttpRequest& request) const;
  HttpResponse AnswerLogin(const HttpRequest& request);

  const Parts parts_;
  HttpLogin login_;
};

}  // namespace ofsweep
