#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ofsweep {

inline constexpr const char* kDefaultCoordinator = "127.0.0.1:7070";
// Names the coordinator of commands that are called without --coordinator.
inline constexpr const char* kCoordinatorVariable = "OFSWEEP_COORDINATOR";

// Why a text is no HOST:PORT that can be dialled; "" where it is one.
std::string WhyNoAddress(std::string_view text);

// What the variable says; none where it is empty or not set. InvalidArgument names it.
absl::StatusOr<std::optional<std::string>> CoordinatorOfEnvironment();

// The one that is named, else that of the environment, else the usual one.
absl::StatusOr<std::string> CoordinatorAddress(const std::optional<std::string>& named);

}  // namespace ofsweep
