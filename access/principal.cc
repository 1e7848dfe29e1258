#include "access/principal.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxCertificateNameBytes = 256;

bool IsCertificateName(const std::string& name) {
  return name.size() > std::string_view(kCertificateScheme).size() && name.size() <= kMaxCertificateNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
}

bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || std::string_view("._@-").find(c) != std::string::npos;
  });
}

}  // namespace

std::string WhyNoPrincipalName(const std::string& name) {
  if (name == kLocalName || name == kAnyoneName) {
    return absl::StrCat(Quoted(name), " is what the coordinator calls callers that it knows otherwise; choose another");
  }
  const bool is_certificate = name.starts_with(kCertificateScheme);
  if (is_certificate ? IsCertificateName(name) : IsPlainName(name)) return "";
  return absl::StrCat(Quoted(name), " cannot be a name: give 1 to ", kMaxNameBytes,
                      " letters, digits and any of . _ @ -, or the ", kCertificateScheme, " name of a certificate");
}

}  // namespace ofsweep
