#include "coordinator/http_access.h"

#include <algorithm>
#include <any>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "coordinator/connect_error.h"
#include "coordinator/needed_role.h"
#include "coordinator/rpc_status.h"
#include "monitoring/http_origin.h"

namespace ofsweep {
namespace {

constexpr const char* kLogin = "/login";
constexpr const char* kLogout = "/logout";
constexpr const char* kSession = "/session";
constexpr std::size_t kMaxLoginBytes = 4096;

constexpr std::array<std::string_view, 2> kForScraping = {"/metrics", "/sd/workers"};
constexpr std::array<std::string_view, 2> kForProbes = {"/healthz", "/readyz"};

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

// Of who may be anybody, little is read.
bool IsTooLargeForLogin(const HttpRequest& request) {
  const std::string length = request.Header("content-length");
  std::size_t bytes = 0;
  return !request.Header("transfer-encoding").empty() ||
         (!length.empty() && (!absl::SimpleAtoi(length, &bytes) || bytes > kMaxLoginBytes));
}

}  // namespace

std::optional<HttpResponse> HttpAccess::Admit(HttpRequest& request) const {
  // Who watches over the service may know it by any name.
  const bool is_monitoring = Contains(kForScraping, request.path) || Contains(kForProbes, request.path);
  if (const std::string why = is_monitoring ? "" : WhyForeign(request, parts_.own_names); !why.empty()) {
    return HttpResponse{.status = 403, .body = why};
  }
  if ((request.path == kLogin || request.path == kLogout) && IsTooLargeForLogin(request)) {
    return HttpResponse{.status = 413, .body = "That is no login: at most 4 KiB of JSON.\n"};
  }
  const std::optional<Role> needed = NeededFor(request.path);
  if (!needed) return std::nullopt;
  absl::StatusOr<Caller> caller = Identify(request);
  if (!caller.ok()) return Refuse(request, caller.status());
  const std::string what =
      request.path.starts_with(parts_.rpcs) ? request.path.substr(request.path.rfind('/') + 1) : request.path;
  if (const absl::Status may = CheckRole(*caller, *needed, what); !may.ok()) return Refuse(request, may);
  caller->peer = request.peer;
  if (const absl::Status counted = parts_.admission.Count(*caller); !counted.ok()) return Refuse(request, counted);
  request.admitted = *std::move(caller);
  return std::nullopt;
}

Caller HttpAccess::CallerOf(const HttpRequest& request) {
  return std::any_cast<Caller>(request.admitted);
}

void HttpAccess::AddTo(HttpRoutes& routes) {
  routes.pages[kSession] = [this](const HttpRequest& request) { return AnswerSession(request); };
  for (const char* path : {kLogin, kLogout}) {
    routes.calls[path] = [this](const HttpRequest& request, const std::shared_ptr<HttpAnswer>& answer) {
      answer->Send(AnswerLogin(request));
    };
  }
}

std::optional<Role> HttpAccess::NeededFor(const std::string& path) const {
  if (path.starts_with(parts_.rpcs)) return NeededRole(path);
  if (Contains(kForScraping, path)) return Role::kScrape;
  return std::nullopt;
}

absl::StatusOr<Caller> HttpAccess::Identify(const HttpRequest& request) const {
  const std::string authorization = request.Header("authorization");
  if (parts_.admission.asks_who_calls() && authorization.empty()) {
    if (login_.HasSession(request)) {
      absl::StatusOr<Caller> caller = login_.CallerOf(request);
      if (caller.ok() || request.certificate_uri.empty()) return caller;
    } else if (request.certificate_uri.empty()) {
      return absl::UnauthenticatedError(
          "this coordinator wants to know who asks: log in on its page, or send \"Authorization: Bearer TOKEN\" with "
          "a token that an admin makes with `ofsweep token make`; on the coordinator's own machine one is in the file "
          "access-token of its data folder");
    }
  }
  return parts_.admission.Identify({.authorization = authorization, .certificate_name = request.certificate_uri});
}

HttpResponse HttpAccess::Refuse(const HttpRequest& request, const absl::Status& status) const {
  HttpResponse response = ConnectErrorResponse(ToGrpcStatus(status));
  if (!request.path.starts_with(parts_.rpcs) && request.path != kSession) {
    response = {.status = response.status, .body = absl::StrCat(std::string(status.message()), "\n")};
  }
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse HttpAccess::AnswerSession(const HttpRequest& request) const {
  const absl::StatusOr<Caller> caller = Identify(request);
  if (!caller.ok()) return Refuse(request, caller.status());
  return CallerResponse(*caller, parts_.admission.asks_who_calls());
}

HttpResponse HttpAccess::AnswerLogin(const HttpRequest& request) {
  const bool is_login = request.path == kLogin;
  if (!is_login && request.path != kLogout) return {.status = 404, .body = "Nothing here.\n"};
  if (request.method != "POST") {
    return {.status = 405, .body = "Only POST is answered here.\n", .headers = {{"Allow", "POST"}}};
  }
  if (!is_login) return login_.End();
  if (parts_.admission.asks_who_calls()) return login_.Begin(request);
  return CallerResponse(*parts_.admission.Identify({}), false);
}

}  // namespace ofsweep
