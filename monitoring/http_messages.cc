#include "monitoring/http_messages.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"

namespace ofsweep {

namespace http = boost::beast::http;

HttpRequest ToHttpRequest(const http::request<http::string_body>& request) {
  HttpRequest plain;
  plain.method = std::string(request.method_string());
  for (const auto& field : request) {
    plain.headers[absl::AsciiStrToLower(std::string(field.name_string()))] = std::string(field.value());
  }
  std::string target(request.target());
  // "http://HOST/PATH", as to a proxy, counts without the Host beside it (RFC 9112, 3.2.2).
  if (const std::size_t scheme = target.find("://"); scheme != std::string::npos && target.front() != '/') {
    const std::size_t end = std::min(target.find_first_of("/?", scheme + 3), target.size());
    plain.headers["host"] = target.substr(scheme + 3, end - scheme - 3);
    target.erase(0, end);
    if (!target.starts_with('/')) target.insert(target.begin(), '/');
  }
  const std::size_t mark = target.find('?');
  plain.path = target.substr(0, mark);
  if (mark != std::string::npos) plain.query = target.substr(mark + 1);
  return plain;
}

http::response<http::string_body> ToBeastResponse(HttpResponse response, const HttpTerms& terms) {
  http::response<http::string_body> reply(http::int_to_status(static_cast<unsigned>(response.status)), terms.version);
  reply.set(http::field::server, "ofsweep");
  reply.set(http::field::content_type, response.content_type);
  reply.set(http::field::cache_control, "no-store");
  reply.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) reply.set(name, value);
  reply.keep_alive(terms.keep_alive);
  reply.body() = std::move(response.body);
  reply.prepare_payload();
  return reply;
}

HttpResponse PlainResponse(int status, std::string why) {
  return {status, "text/plain; charset=utf-8", std::move(why)};
}

}  // namespace ofsweep
