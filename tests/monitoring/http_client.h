#pragma once

#include <string>

namespace ofsweep {

// One GET (or another method) over a new connection: the whole response with its header.
std::string Http(const std::string& address, const std::string& path, const std::string& method = "GET");

// What stands behind the header.
std::string BodyOf(const std::string& response);

}  // namespace ofsweep
