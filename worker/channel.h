#pragma once

#include <grpcpp/support/channel_arguments.h>

namespace ofsweep {

// How every program of ofsweep dials a coordinator: again within seconds after it was away (gRPC's own default is two
// minutes), and straight, whatever http_proxy says. A coordinator stands in the user's own network, and a proxy is for
// what lies outside of it.
grpc::ChannelArguments CoordinatorChannelArguments();

}  // namespace ofsweep
