#include "coordinator/audit.h"

#include "absl/strings/str_cat.h"
#include "coordinator/rpc_status.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

// A sweep may have a long name, and a refusal quote one.
constexpr std::size_t kMaxTextBytes = 300;

}  // namespace

absl::StatusOr<std::unique_ptr<Audit>> Audit::Open(Store& store, const Clock& clock) {
  const auto last_id = store.LastAuditId();
  if (!last_id.ok()) return last_id.status();
  return std::unique_ptr<Audit>(new Audit(store, clock, *last_id));
}

grpc::Status Audit::Record(const Caller& caller, const std::string& action, const std::string& subject,
                           const std::function<grpc::Status()>& call) {
  const std::int64_t id = ++last_id_;
  const absl::Status entered = store_
                                   .InsertAudit({.id = id,
                                                 .at = clock_.Now(),
                                                 .caller = caller,
                                                 .action = action,
                                                 .subject = Shortened(Printable(subject), kMaxTextBytes)})
                                   .get();
  if (!entered.ok()) return StorageStatus(entered);
  grpc::Status status = Guarded(call);
  // Durable with whatever is written next; a kill before leaves the entry without an outcome.
  store_.SetAuditOutcome(id, status.ok() ? "ok" : Shortened(Printable(status.error_message()), kMaxTextBytes));
  return status;
}

}  // namespace ofsweep
