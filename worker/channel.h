#pragma once

#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/status.h>

namespace ofsweep {

// How every program of ofsweep dials a coordinator: again within seconds after it was away (gRPC's own default is two
// minutes), and straight, whatever http_proxy says. A coordinator stands in the user's own network, and a proxy is for
// what lies outside of it.
grpc::ChannelArguments CoordinatorChannelArguments();

// Whether a call failed because what was dialled speaks HTTP/1.1, as the page of a coordinator does, and what to do
// then.
bool AnswersInHttp(const grpc::Status& status);
inline constexpr const char* kHttpAdvice =
    "that port speaks HTTP, as the page does; name the one that the coordinator printed as \"grpc\" when it started "
    "(7070 where it was told no other)";

}  // namespace ofsweep
