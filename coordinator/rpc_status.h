#pragma once

#include <functional>
#include <string>
#include <vector>

#include <google/protobuf/message.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "experiment/problem.h"

namespace ofsweep {

// The codes of absl::Status and gRPC have the same numbers; the message goes along.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The same for what comes from the coordinator or its store, where ResourceExhausted means a full disk: INTERNAL to the
// caller, who could take RESOURCE_EXHAUSTED for a request that is too large.
grpc::Status StorageStatus(const absl::Status& status);

// The edge where exceptions end: they become INTERNAL.
grpc::Status Guarded(const std::function<grpc::Status()>& handle);

// The same for a request that is within its bounds (message_bounds.h); else INVALID_ARGUMENT.
grpc::Status Guarded(const google::protobuf::Message& request, const std::function<grpc::Status()>& handle);

// INVALID_ARGUMENT (or `code`) whose details hold one google.rpc.BadRequest field violation per problem: field = its
// key, description = its whole text with file, line and fix. gRPC allows 8 KiB of trailing metadata by default, so of
// very many problems the first are sent and the last violation counts the rest.
grpc::Status BadRequest(const std::vector<Problem>& problems,
                        absl::StatusCode code = absl::StatusCode::kInvalidArgument);

struct FieldViolation {
  std::string field;
  std::string description;
};

// The other way round, for clients: empty when the status has no google.rpc.BadRequest.
std::vector<FieldViolation> ReadFieldViolations(const grpc::Status& status);

}  // namespace ofsweep
