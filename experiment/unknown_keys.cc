#include "experiment/unknown_keys.h"

#include "experiment/edit_distance.h"
#include "experiment/quoted.h"
#include "experiment/trial_key.h"

namespace ofsweep {

void CheckKeysAreKnown(const std::vector<std::string>& keys, const std::string& field, std::vector<Problem>& problems) {
  for (const std::string& key : keys) {
    if (FindTrialKey(key) != nullptr) continue;
    problems.push_back({.key = field,
                        .message = "unknown trial key " + Quoted(key),
                        .fix = DidYouMean(NearestTrialKey(key), "`ofsweep spec` lists every key")});
  }
}

}  // namespace ofsweep
