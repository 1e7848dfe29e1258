#pragma once

#include <string>
#include <vector>

#include "monitoring/http_server.h"

namespace ofsweep {

// Why a request may come from a web page that is not ours, in words; "" for one that does not. A page that a user has
// open can send requests to this machine: under a name of its own that it lets point here (DNS rebinding; the Host is
// not ours then), or across origins (the Origin is not the Host). A Host that is an address or localhost is ours, as
// are `own_names`; ports are not looked at, for tunnels change them.
std::string WhyForeign(const HttpRequest& request, const std::vector<std::string>& own_names);

}  // namespace ofsweep
