#pragma once

#include <string>

#include <grpcpp/support/status.h>

#include "monitoring/http_server.h"

namespace ofsweep {

// How the Connect protocol tells of a failed call (connectrpc.com/docs/protocol): its HTTP status, and its JSON:
// {"code": "not_found", "message": …, "details": [{"type": "google.rpc.BadRequest", "value": BASE64}]}.
int ConnectHttpStatus(grpc::StatusCode code);
std::string ConnectErrorJson(const grpc::Status& status);
// Both.
HttpResponse ConnectErrorResponse(const grpc::Status& status);

}  // namespace ofsweep
