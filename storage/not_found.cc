#include "storage/not_found.h"

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"

namespace ofsweep {

absl::Status NoSuchSweep(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no sweep ", Quoted(name), "; `ofsweep ls` lists them"));
}

absl::Status NoSuchTrial(const std::string& trial_id) {
  return absl::NotFoundError(
      absl::StrCat("there is no trial ", Quoted(trial_id),
                   "; `ofsweep ls` lists the sweeps, and `ofsweep show SWEEP` the trials of one"));
}

absl::Status NoSuchTrial(const std::string& sweep, const std::string& trial_id) {
  return absl::NotFoundError(absl::StrCat("sweep ", Quoted(sweep), " has no trial ", Quoted(trial_id),
                                          "; `ofsweep show ", sweep, "` lists them"));
}

}  // namespace ofsweep
