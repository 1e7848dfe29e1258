#pragma once

#include <memory>
#include <string>

#include <grpcpp/support/server_interceptor.h>

#include "coordinator/telemetry.h"

namespace ofsweep {

// Counts and times every RPC of this server in `telemetry`, which must outlive the server. Methods that no service of
// it has are counted together, so that a stranger cannot make series.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcMetrics(Telemetry& telemetry);

// "OK", "INVALID_ARGUMENT", …
std::string CodeName(grpc::StatusCode code);

}  // namespace ofsweep
