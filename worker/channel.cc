#include "worker/channel.h"

namespace ofsweep {

grpc::ChannelArguments CoordinatorChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  return arguments;
}

bool AnswersInHttp(const grpc::Status& status) {
  return status.error_message().find("http1.x") != std::string::npos;  // gRPC's own words
}

}  // namespace ofsweep
