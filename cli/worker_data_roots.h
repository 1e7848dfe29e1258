#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"

namespace ofsweep {

// --data-root of `worker`, as it is given.
void AddDataRoots(CLI::App* worker, std::vector<std::string>& data_roots);

// The folders beneath which a worker's trials may read the files that their sweeps name, absolute: those that are
// given, of which an empty name is none. Where nothing is given: the working folder if the coordinator, HOST:PORT, is
// on this machine, for then whoever submits works here too; else none. Nor is "/" one by itself, in which services
// start. InvalidArgument names one that is no folder.
absl::StatusOr<std::vector<std::string>> WorkerDataRoots(const std::vector<std::string>& given,
                                                         const std::string& coordinator);

}  // namespace ofsweep
