#include "coordinator/http_login.h"

#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "coordinator/call_admission.h"
#include "coordinator/connect_error.h"
#include "coordinator/rpc_status.h"

namespace ofsweep {
namespace {

HttpResponse Refused(const absl::Status& status) {
  HttpResponse response = ConnectErrorResponse(ToGrpcStatus(status));
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

// A plain form of another site cannot send this type.
bool IsJson(const HttpRequest& request) {
  const std::string type = request.Header("content-type");
  return absl::AsciiStrToLower(std::string(absl::StripAsciiWhitespace(type.substr(0, type.find(';'))))) ==
         "application/json";
}

// A page of another port of this machine is the same site to browsers, but another origin.
bool IsOfOwnPage(const HttpRequest& request) {
  const std::string site = request.Header("sec-fetch-site");
  return site.empty() || site == "same-origin" || site == "none";
}

std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

HttpResponse CallerResponse(const Caller& caller, bool asks_who_calls) {
  const nlohmann::json who = {
      {"name", caller.name}, {"role", std::string(RoleName(caller.role))}, {"asks", asks_who_calls}};
  return {.content_type = "application/json", .body = who.dump()};
}

absl::StatusOr<Caller> HttpLogin::CallerOf(const HttpRequest& request) const {
  return sessions_.Of(SessionIn(request), parts_.clock.Now());
}

HttpResponse HttpLogin::Begin(const HttpRequest& request) {
  if (!IsJson(request)) {
    return {.status = 415, .body = "Send application/json.\n", .headers = {{"Accept-Post", "application/json"}}};
  }
  const TimeMs now = parts_.clock.Now();
  if (const int seconds = limit_.SecondsToWait(request.peer, now); seconds > 0) {
    HttpResponse wait = Refused(absl::ResourceExhaustedError(
        absl::StrCat("too many tries to log in from here failed; try again in ", seconds, " s")));
    wait.headers.emplace_back("Retry-After", absl::StrCat(seconds));
    return wait;
  }
  const auto caller = Identify(request.body);
  if (absl::IsUnauthenticated(caller.status())) limit_.NoteFailure(request.peer, now);
  if (!caller.ok()) return Refused(caller.status());
  if (const absl::Status may_see = CheckRole(*caller, Role::kRead, "the page"); !may_see.ok()) return Refused(may_see);
  HttpResponse response = CallerResponse(*caller, true);
  response.headers.emplace_back("Set-Cookie", Cookie(sessions_.Begin(caller->name, now), kSessionMs));
  return response;
}

HttpResponse HttpLogin::End() const {
  return {.status = 204, .headers = {{"Set-Cookie", Cookie("", 0)}}};
}

absl::StatusOr<Caller> HttpLogin::Identify(const std::string& body) const {
  const nlohmann::json login = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  const bool is_object = login.is_object();
  const std::string token = is_object ? TextOf(login, "token") : "";
  const std::string code = is_object ? TextOf(login, "code") : "";
  if (token.empty() == code.empty()) return absl::InvalidArgumentError(R"(send {"token": "…"} or {"code": "…"})");
  const TimeMs now = parts_.clock.Now();
  if (code.empty()) return parts_.book.OfToken(std::string(absl::StripAsciiWhitespace(token)), now);
  const std::optional<Login> known = parts_.codes.Redeem(code, now);
  if (known) return parts_.book.OfName(known->name, known->token_hash, now);
  return absl::UnauthenticatedError("this link was used before or is too old; `ofsweep login` prints a new one");
}

std::string HttpLogin::SessionIn(const HttpRequest& request) const {
  if (!IsOfOwnPage(request)) return "";
  const std::vector<std::string> cookies = absl::StrSplit(request.Header("cookie"), ';');
  const std::string beginning = parts_.cookie + "=";
  for (const std::string& cookie : cookies) {
    const std::string stripped(absl::StripAsciiWhitespace(cookie));
    if (stripped.starts_with(beginning)) return stripped.substr(beginning.size());
  }
  return "";
}

std::string HttpLogin::Cookie(const std::string& value, TimeMs life) const {
  return absl::StrCat(parts_.cookie, "=", value, "; HttpOnly; SameSite=Strict; Path=/; Max-Age=", life / 1000,
                      parts_.is_encrypted ? "; Secure" : "");
}

}  // namespace ofsweep
