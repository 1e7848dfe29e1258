#pragma once

#include <string>
#include <vector>

#include "experiment/problem.h"
#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// A structured specification as the JSON text that ParseSweepSpec reads, so that programs and files take one path.
// Whole numbers are written without a fraction. A google.protobuf.Struct has no order of fields: keys are written
// dotted and in the order of TrialKeys(), so that the same message always means the same grid. A key
// that is given both nested and dotted is a problem.
std::string SpecText(const v1::SweepSpec& message, std::vector<Problem>& problems);

}  // namespace ofsweep
