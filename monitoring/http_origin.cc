#include "monitoring/http_origin.h"

#include <algorithm>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

// Without its port and an IPv6 address's brackets, in lower case.
std::string NameIn(std::string_view host) {
  const std::size_t end = host.find(']');
  if (host.starts_with('[') && end != std::string_view::npos) return std::string(host.substr(1, end - 1));
  return absl::AsciiStrToLower(std::string(host.substr(0, host.find(':'))));
}

bool IsOwn(const std::string& name, const std::vector<std::string>& own_names) {
  boost::system::error_code no_address;
  boost::asio::ip::make_address(name, no_address);
  if (!no_address || name == "localhost" || name.ends_with(".localhost")) return true;
  return std::any_of(own_names.begin(), own_names.end(),
                     [&name](const std::string& own) { return absl::AsciiStrToLower(own) == name; });
}

std::string WithoutScheme(const std::string& origin) {
  const std::size_t end = origin.find("://");
  return absl::AsciiStrToLower(end == std::string::npos ? origin : origin.substr(end + 3));
}

}  // namespace

std::string WhyForeign(const HttpRequest& request, const std::vector<std::string>& own_names) {
  const std::string host = request.Header("host");  // browsers always send one
  if (!host.empty() && !IsOwn(NameIn(host), own_names)) {
    return absl::StrCat("This coordinator does not know the name ", NameIn(host),
                        " as its own; start it with --http-host ", NameIn(host), " if it is.\n");
  }
  const std::string origin = request.Header("origin");
  if (!origin.empty() && WithoutScheme(origin) != absl::AsciiStrToLower(host)) {
    return absl::StrCat("A page of ", origin, " asks, and only pages of ", host, " are answered.\n");
  }
  return "";
}

}  // namespace ofsweep
