#include "coordinator/peer_host.h"

#include "absl/strings/str_replace.h"
#include "monitoring/host_port.h"

namespace ofsweep {

std::optional<std::string> PeerHost(std::string peer) {
  if (!peer.starts_with("ipv4:") && !peer.starts_with("ipv6:")) return std::nullopt;
  peer = absl::StrReplaceAll(peer.substr(5), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  // The interface of a link-local address is no part of it to others.
  if (const std::size_t scope = peer.find('%'); scope != std::string::npos) {
    const std::size_t end = peer.find(']', scope);
    if (end != std::string::npos) peer.erase(scope, end - scope);
  }
  const std::optional<HostPort> parsed = ParseHostPort(peer);
  if (!parsed) return std::nullopt;
  return parsed->host;
}

}  // namespace ofsweep
