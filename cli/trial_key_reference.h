#pragma once

#include <string>

namespace ofsweep {

enum class ReferenceFormat { kText, kMarkdown, kYaml, kJson };

// Every trial key with what it accepts, its default, when it applies and what it does, from the table in
// experiment/trial_key.h.
//   text      for a terminal, by section
//   markdown  docs/trial-keys.md
//   yaml      a `trial:` with every default, to copy from
//   json      an array of {name, type, accepts, default, accepts_auto, applies_when, identity, help}; applies_when is
//             {key, values}, null for a key that always applies
std::string RenderTrialKeys(ReferenceFormat format);

}  // namespace ofsweep
