#pragma once

#include <optional>
#include <string>

namespace ofsweep {

// The address of a gRPC peer ("ipv4:10.0.0.7:4711"), without the port; none for one inside a process or over a Unix
// socket.
std::optional<std::string> PeerHost(std::string peer);

}  // namespace ofsweep
