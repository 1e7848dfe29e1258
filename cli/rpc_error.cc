#include "cli/rpc_error.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/rpc_status.h"
#include "worker/channel.h"

namespace ofsweep {
namespace {

std::string Describe(const std::vector<FieldViolation>& violations) {
  return absl::StrJoin(violations, "\n", [](std::string* out, const FieldViolation& violation) {
    // The coordinator writes the key into the description where a user's file is meant; requests of other clients may
    // not.
    const bool named = violation.description.find(violation.field) != std::string::npos;
    absl::StrAppend(out, named ? "" : absl::StrCat(violation.field, ": "), violation.description);
  });
}

std::string Describe(const grpc::Status& status, const std::string& target, Needs needs) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      if (target.empty()) break;
      if (const std::string advice = ConnectionAdvice(status); !advice.empty()) {
        return absl::StrCat("cannot reach the coordinator at ", target, ": ", advice);
      }
      return absl::StrCat("cannot reach the coordinator at ", target,
                          ": is it running? Start it with `ofsweep coordinator --grpc ", target, "`",
                          needs == Needs::kDatabase ? ", or read its data folder with --data-dir" : "", " (",
                          status.error_message(), ")");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::StrCat("the coordinator", target.empty() ? "" : " at " + target,
                          " did not answer in time; try again, and look at its log if that does not help");
    default:
      break;
  }
  if (!status.error_message().empty()) return status.error_message();
  return absl::StrCat("the call failed without a word (gRPC status ", static_cast<int>(status.error_code()),
                      "); look at the coordinator's log, and try an ofsweep of its version");
}

}  // namespace

absl::Status FromRpc(const grpc::Status& status, const std::string& target, Needs needs) {
  if (status.ok()) return absl::OkStatus();
  // Whatever the code, the file is invalid: one of too many trials is ResourceExhausted.
  if (const auto violations = ReadFieldViolations(status); !violations.empty()) {
    return absl::InvalidArgumentError(Describe(violations));
  }
  return {static_cast<absl::StatusCode>(status.error_code()), Describe(status, target, needs)};
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

}  // namespace ofsweep
