#pragma once

#include <string>

#include "absl/status/status.h"

namespace ofsweep {

// What a caller reads who named what is not in the database; NotFound.
absl::Status NoSuchSweep(const std::string& name);
absl::Status NoSuchTrial(const std::string& trial_id);
absl::Status NoSuchTrial(const std::string& sweep, const std::string& trial_id);

}  // namespace ofsweep
