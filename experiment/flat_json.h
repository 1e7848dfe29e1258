#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "experiment/trial_config.h"

namespace ofsweep {

// A configuration from the flat JSON in which it is stored, some ten times as fast as ParseTrialJson, which reads what
// people write. Keys that are missing have their defaults. Nothing where a key or a value is not of this version.
std::optional<TrialConfig> ReadFlatJson(std::string_view json);

// What ReadFlatJson reads: every key, in table order, or these alone. Made without a tree of JSON, since a submission
// may write a million.
std::string FlatJsonText(const TrialConfig& config);
std::string FlatJsonText(const Overrides& values);

}  // namespace ofsweep
