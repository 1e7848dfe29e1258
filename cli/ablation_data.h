#pragma once

#include <string>

#include "ofsweep/v1/sweep.pb.h"

namespace ofsweep {

// An ablation table for programs, in full precision: a line a cell and metric, and one entry a cell. The best value of
// a key, where there is one, stands under the name of the key, in JSON in each cell's `best`.
std::string AblationCsv(const v1::GetAblationTableResponse& table);
std::string AblationJson(const v1::GetAblationTableResponse& table);

}  // namespace ofsweep
