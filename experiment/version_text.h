#pragma once

#include <string>
#include <string_view>

namespace ofsweep {

// What `program --version` prints: "ofsweep 0.1.0, revision 3c050a4f9d21"; without a revision, why there is none.
std::string VersionText(std::string_view program);

}  // namespace ofsweep
