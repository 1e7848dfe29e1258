#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "absl/status/statusor.h"

namespace ofsweep {

// What a trainer made of a trial: the keys of `trained` that differ from `submitted`, in the table's order. Both are
// flat JSON objects of dotted keys. A key may differ where it was `auto`, or where it never changes what is learnt
// (train.threads). InvalidArgument names the key that is unknown, of another type, or trained otherwise than submitted.
absl::StatusOr<nlohmann::ordered_json> ResolvedKeys(std::string_view submitted, std::string_view trained);

}  // namespace ofsweep
