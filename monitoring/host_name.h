#pragma once

#include <string>

namespace ofsweep {

// This machine's name, as others in its network may know it; "" where it has none.
std::string HostName();

}  // namespace ofsweep
