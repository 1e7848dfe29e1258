#include "monitoring/http_origin.h"

#include <algorithm>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

bool IsPort(std::string_view text) {
  return text.empty() || (text.starts_with(':') && std::all_of(text.begin() + 1, text.end(), absl::ascii_isdigit));
}

// Without its port and an IPv6 address's brackets, in lower case; as it stands where it is neither NAME:PORT nor
// [ADDRESS]:PORT, which is nobody's name then.
std::string NameIn(std::string_view host) {
  const bool has_brackets = host.starts_with('[');
  const std::size_t end = has_brackets ? host.find(']') : host.find(':');
  std::string name = absl::AsciiStrToLower(std::string(host));
  if (end == std::string_view::npos || !IsPort(host.substr(has_brackets ? end + 1 : end))) return name;
  return has_brackets ? name.substr(1, end - 1) : name.substr(0, end);
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
