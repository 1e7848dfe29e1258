#pragma once

#include <string_view>

namespace ofsweep {

// The commit that the program was built from, "-dirty" behind it where files had changed since; "unknown" without git.
std::string_view BuildRevision();

}  // namespace ofsweep
