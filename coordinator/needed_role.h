#pragma once

#include <optional>
#include <string_view>

#include "access/role.h"

namespace ofsweep {

// The role that a caller of the RPC needs ("/ofsweep.v1.SweepService/GetSweep"), as its proto says; none for the health
// service, which anybody may ask. What says nothing needs kAdmin.
std::optional<Role> NeededRole(std::string_view rpc);

}  // namespace ofsweep
