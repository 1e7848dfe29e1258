#pragma once

#include <string_view>

namespace ofsweep {

// The commit that the program was built from, "-dirty" behind it where files had changed since; "unknown" where the
// sources are no checkout of git.
std::string_view BuildRevision();

}  // namespace ofsweep
