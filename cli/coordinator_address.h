#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/channel.h"

namespace ofsweep {

inline constexpr const char* kDefaultCoordinator = "127.0.0.1:7070";
// Names the coordinator of commands that are called without --coordinator.
inline constexpr const char* kCoordinatorVariable = "OFSWEEP_COORDINATOR";

// Name the files of callers that are told none.
inline constexpr const char* kTokenFileVariable = "OFSWEEP_TOKEN_FILE";
inline constexpr const char* kAuthoritiesVariable = "OFSWEEP_TLS_CA";

// Why a text is no HOST:PORT that can be dialled; "" where it is one.
std::string WhyNoAddress(std::string_view text);

// What the variable says; none where it is empty or not set. InvalidArgument names it.
absl::StatusOr<std::optional<std::string>> CoordinatorOfEnvironment();

// With the environment's files in place of those that are not named.
CallerOptions WithEnvironment(CallerOptions caller);

// The one that is named, else that of the environment, else the usual one.
absl::StatusOr<std::string> CoordinatorAddress(const std::optional<std::string>& named);

}  // namespace ofsweep
