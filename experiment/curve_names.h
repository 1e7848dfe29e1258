#pragma once

#include <string>
#include <vector>

#include "experiment/problem.h"

namespace ofsweep {

// Adds, of a query of curves, a problem of "metrics" or "sites" for each metric and site that there is not, with the
// nearest one or how to write it, and for each site at which none of the metrics is measured.
void CheckCurveNames(const std::vector<std::string>& metrics, const std::vector<std::string>& sites,
                     std::vector<Problem>& problems);

}  // namespace ofsweep
