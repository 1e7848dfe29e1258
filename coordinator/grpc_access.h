#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/server.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/status/statusor.h"
#include "coordinator/call_admission.h"

namespace ofsweep {

// Refuses calls before their message is read: UNAUTHENTICATED, PERMISSION_DENIED (needed_role.h), or
// RESOURCE_EXHAUSTED where their caller makes too many. For the credentials of a port; `admission` must outlive the
// server.
std::shared_ptr<grpc::AuthMetadataProcessor> MakeAccessProcessor(const CallAdmission& admission);

// The channel of a server in this process, which proves itself to CallerOf.
std::shared_ptr<grpc::Channel> InProcessChannel(grpc::Server& server, const grpc::ChannelArguments& arguments);

// Who makes the call that a service handles. One that comes over InProcessChannel is the process's own, or made on
// behalf of who SetCaller says; over TCP nobody can say that.
absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context, const CallAdmission& admission);

// Where callers have no names no AccessProcessor has counted the call: RESOURCE_EXHAUSTED where its peer makes too
// many.
absl::Status CountNameless(const grpc::ServerContextBase& context, const CallAdmission& admission);

// For a call over the in-process channel on somebody's behalf.
void SetCaller(const Caller& caller, grpc::ClientContext& context);

}  // namespace ofsweep
