#include "experiment/version_text.h"

#include "absl/strings/str_cat.h"
#include "experiment/build_revision.h"

namespace ofsweep {

std::string VersionText(std::string_view program) {
  const std::string revision(BuildRevision());
  return absl::StrCat(std::string(program), " " OFSWEEP_VERSION ", revision ", revision,
                      revision == "unknown" ? " (built from sources without git)" : "");
}

}  // namespace ofsweep
