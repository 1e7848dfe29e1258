#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ofsweep {

struct HostPort {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
  std::uint16_t port = 0;
};

// "HOST:PORT" or "[IPV6]:PORT", of at most 300 bytes; nothing for any other text. Whether the host exists is not asked.
std::optional<HostPort> ParseHostPort(std::string_view text);

// Whether a host is this machine by its name or address: localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(std::string_view host);

// As it was read.
std::string ToText(const HostPort& address);

}  // namespace ofsweep
