#pragma once

#include <string>

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace ofsweep {

// What a command needs whose coordinator does not answer: without it, one that only reads can still read a folder.
enum class Needs { kCoordinator, kDatabase };

// What an RPC's failure means to a user. Field violations become InvalidArgument, one line each ("file:line: key:
// message; fix"); a coordinator that does not answer is named with how to start it. `target` is HOST:PORT, or "" for a
// service in this process.
absl::Status FromRpc(const grpc::Status& status, const std::string& target, Needs needs = Needs::kDatabase);

// 0 success; 2 for InvalidArgument: an invalid spec or wrong usage; 1 for any other failure.
int ExitCode(const absl::Status& status);

}  // namespace ofsweep
