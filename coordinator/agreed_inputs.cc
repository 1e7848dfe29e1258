#include "coordinator/agreed_inputs.h"

#include "absl/strings/str_cat.h"

namespace ofsweep {

std::string AgreedInputs::WhyOther(const std::vector<std::string>& sweeps, const Fingerprints& found) const {
  for (const std::string& sweep : sweeps) {
    const auto agreed = by_sweep_.find(sweep);
    if (agreed == by_sweep_.end()) continue;
    for (const auto& [input, fingerprint] : found) {
      const auto known = agreed->second.find(input);
      if (known == agreed->second.end() || known->second == fingerprint) continue;
      return absl::StrCat(ToText(input), " there has the fingerprint ", fingerprint, ", and sweep ", sweep, " is of ",
                          known->second);
    }
  }
  return "";
}

std::vector<FixedInput> AgreedInputs::Agree(const std::vector<std::string>& sweeps, const Fingerprints& found) {
  std::vector<FixedInput> added;
  for (const std::string& sweep : sweeps) {
    for (const auto& [input, fingerprint] : found) {
      if (by_sweep_[sweep].emplace(input, fingerprint).second) added.push_back({sweep, input, fingerprint});
    }
  }
  return added;
}

Fingerprints AgreedInputs::Of(const std::vector<std::string>& sweeps) const {
  Fingerprints agreed;
  for (const std::string& sweep : sweeps) {
    const auto found = by_sweep_.find(sweep);
    if (found != by_sweep_.end()) agreed.insert(found->second.begin(), found->second.end());
  }
  return agreed;
}

}  // namespace ofsweep
