#include "access/worker_id.h"

#include "access/secret.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

constexpr std::size_t kDigits = 16;

std::string Ending(std::string_view key) {
  return "-" + Sha256Hex(key).substr(0, kDigits);
}

}  // namespace

std::string WorkerId(std::string_view name, std::string_view key) {
  return std::string(name) + Ending(key);
}

bool IsProvenBy(std::string_view worker_id, std::string_view key) {
  return key.size() == kSecretBytes && worker_id.size() > kDigits + 1 && worker_id.ends_with(Ending(key));
}

}  // namespace ofsweep
