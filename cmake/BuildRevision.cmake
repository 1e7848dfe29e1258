# cmake -DSOURCE=… -DOUTPUT=… -P: writes OUTPUT, the source file with the revision of SOURCE, where that has changed. Run at each build, for a
# revision that was read when the build was configured would be that of another program.
# A checkout around an unpacked tarball is another project's.
cmake_path(GET SOURCE PARENT_PATH above)
set(ENV{GIT_CEILING_DIRECTORIES} ${above})
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT revision)
  set(revision unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[#include "experiment/build_revision.h"

namespace ofsweep {

std::string_view BuildRevision() {
  return "@revision@";
}

}  // namespace ofsweep
]] @ONLY)
