#include "access/login_codes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "access/secret.h"
#include "access/token.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMaxCodes = 1000;
constexpr TimeMs kLifeMs = TimeMs{12} * 3600 * 1000;

}  // namespace

std::string LoginCodes::Create(Login login, TimeMs now) {
  std::string code = absl::BytesToHexString(RandomBytes(16));
  absl::MutexLock lock(&mutex_);
  if (codes_.size() == kMaxCodes) codes_.pop_front();
  codes_.push_back({.hash = HashOfToken(code), .login = std::move(login), .created_at = now});
  return code;
}

std::optional<Login> LoginCodes::Redeem(const std::string& code, TimeMs now) {
  const std::string hash = HashOfToken(code);
  absl::MutexLock lock(&mutex_);
  const auto found =
      std::find_if(codes_.begin(), codes_.end(), [&hash](const Code& known) { return known.hash == hash; });
  if (found == codes_.end()) return std::nullopt;
  Code used = std::move(*found);
  codes_.erase(found);
  if (now - used.created_at > kLifeMs) return std::nullopt;
  return std::move(used.login);
}

}  // namespace ofsweep
