#include "coordinator/coordinator_types.h"

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"

namespace ofsweep {

absl::Status NoSuchSweep(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("no sweep is called ", Quoted(name), "; `ofsweep ls` lists them"));
}

}  // namespace ofsweep
