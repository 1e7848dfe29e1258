#pragma once

#include <exception>

#include "absl/status/status.h"
#include "experiment/attempt.h"

namespace ofsweep {

// How an attempt failed, for its last event. InvalidArgument means the configuration; NotFound, FailedPrecondition,
// PermissionDenied and DataLoss the data, Aborted other data than the trial is of, OutOfRange more memory than this
// device has; everything else (a full disk, a device that is not here) is a crash, which is tried again elsewhere.
//
// A path outside of the worker's folders (PermissionDenied, of DataRoots) is bad data as a file is that is not there:
// the trial has failed, and `retry` asks again. As other data it would be tried again on the same worker each minute,
// for ever, though a worker's folders stay what they are while it runs.
AttemptEnd FailureOf(const absl::Status& status);

// Memory that could not be had, on the host or a GPU, is `oom`; the rest a crash.
AttemptEnd FailureOf(const std::exception& error);

}  // namespace ofsweep
