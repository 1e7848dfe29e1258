#pragma once

#include <exception>

#include "absl/status/status.h"
#include "experiment/trainer_event.h"

namespace ofsweep {

// How a trial failed, for its last event. InvalidArgument means the configuration; NotFound, FailedPrecondition and
// DataLoss the data, OutOfRange more memory than this device has; everything else (a full disk, a device
// that is not here) is a crash, which is tried again elsewhere.
FailedEvent FailureOf(const absl::Status& status);

// Memory that could not be had, on the host or a GPU, is `oom`; the rest a crash.
FailedEvent FailureOf(const std::exception& error);

}  // namespace ofsweep
