#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

// By which a coordinator knows a worker across restarts.
struct WorkerIdentity {
  std::string id;   // NAME-DIGITS, see access/worker_id.h
  std::string key;  // proves it; shown to the coordinator alone
};

// Of data_dir/worker-key and data_dir/worker-id, which are made at the first start; an id that is not the key's, as an
// older version has left, is made anew. A `name` that is given takes the place of the kept id's. Errors: those of
// LoadOrMakeKey and WriteWhole, and InvalidArgument for a name or an id that is none.
absl::StatusOr<WorkerIdentity> LoadWorkerIdentity(const std::string& data_dir, const std::string& name);

}  // namespace ofsweep
