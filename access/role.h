#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ofsweep {

// What a caller may do. The protos say which role each RPC needs (ofsweep/v1/role.proto).
enum class Role {
  kScrape,     // "scrape": what monitoring reads, /metrics and /sd/workers
  kRead,       // "read": look at everything that sweeps show
  kSubmit,     // "submit": bring and change sweeps of one's own
  kWork,       // "work": be a worker
  kProvision,  // "provision": start workers where trials wait
  kAdmin,      // "admin": everything, and who may do what
};

std::string_view RoleName(Role role);
std::optional<Role> ParseRole(std::string_view name);
// "scrape, read, submit, work, provision or admin".
std::string RoleNames();

// kAdmin holds every role, kSubmit kRead and kScrape, kRead kScrape; no other holds more than itself.
bool Holds(Role held, Role needed);

}  // namespace ofsweep
