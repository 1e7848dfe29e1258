#include "cli/coordinator_address.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "monitoring/host_port.h"

namespace ofsweep {

std::string WhyNoAddress(std::string_view text) {
  const std::optional<HostPort> address = ParseHostPort(text);
  if (address && address->port != 0) return "";
  return absl::StrCat("expected HOST:PORT, like ", kDefaultCoordinator, ", got ", Quoted(text));
}

absl::StatusOr<std::optional<std::string>> CoordinatorOfEnvironment() {
  const char* text = std::getenv(kCoordinatorVariable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  const std::string wrong = WhyNoAddress(text);
  if (wrong.empty()) return std::string(text);
  return absl::InvalidArgumentError(absl::StrCat("the environment's ", kCoordinatorVariable, ": ", wrong));
}

CallerOptions WithEnvironment(CallerOptions caller) {
  const auto fill = [](const char* variable, std::string& file) {
    const char* text = std::getenv(variable);
    if (file.empty() && text != nullptr) file = text;
  };
  fill(kTokenFileVariable, caller.token_file);
  fill(kAuthoritiesVariable, caller.tls.authorities);
  return caller;
}

absl::StatusOr<std::string> CoordinatorAddress(const std::optional<std::string>& named) {
  if (named) return *named;
  const auto given = CoordinatorOfEnvironment();
  if (!given.ok()) return given.status();
  return given->value_or(kDefaultCoordinator);
}

}  // namespace ofsweep
