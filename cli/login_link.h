#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "absl/status/statusor.h"
#include "coordinator/server.h"

namespace ofsweep {

// The address of a coordinator's page with a code that logs a browser in, once, as the caller: not for logs.
// `coordinator` is how errors name it.
absl::StatusOr<std::string> LoginLink(const std::shared_ptr<grpc::Channel>& channel, const std::string& coordinator);

// The address of the page of a coordinator in this process: on a terminal with a code, for who reads it there may read
// the data folder too; elsewhere, and where nobody has to log in, without.
std::string PageAddress(Server& server, const AccessOptions& access, bool is_terminal);

}  // namespace ofsweep
