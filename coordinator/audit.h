#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <grpcpp/support/status.h>

#include "absl/status/statusor.h"
#include "access/principal.h"
#include "coordinator/clock.h"
#include "storage/store.h"

namespace ofsweep {

// Who did what: the view `audit`.
class Audit {
 public:
  // Both must outlive it.
  static absl::StatusOr<std::unique_ptr<Audit>> Open(Store& store, const Clock& clock);

  // Makes the call once its entry is durable, and then writes down how it ended. Where the entry cannot be stored the
  // call is not made: INTERNAL.
  grpc::Status Record(const Caller& caller, const std::string& action, const std::string& subject,
                      const std::function<grpc::Status()>& call);

 private:
  Audit(Store& store, const Clock& clock, std::int64_t last_id) : store_(store), clock_(clock), last_id_(last_id) {}

  Store& store_;
  const Clock& clock_;
  std::atomic<std::int64_t> last_id_;
};

}  // namespace ofsweep
