#pragma once

#include <string>

#include "cli/connection.h"
#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// `ofsweep workers`: a line a worker.
std::string RenderWorkers(const v1::ListWorkersResponse& workers, const ConnectionOptions& where);

}  // namespace ofsweep
