#pragma once

#include <string>
#include <vector>

#include "experiment/problem.h"

namespace ofsweep {

// Adds a problem of `field`, which lists trial keys, for each that there is not, with the nearest that there is.
void CheckKeysAreKnown(const std::vector<std::string>& keys, const std::string& field, std::vector<Problem>& problems);

}  // namespace ofsweep
