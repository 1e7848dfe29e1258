#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/status.h>

#include "absl/status/statusor.h"
#include "access/tls_files.h"

namespace ofsweep {

// How every program of ofsweep dials a coordinator: again within seconds after it was away (gRPC's own default is two
// minutes), and straight, whatever http_proxy says. A coordinator stands in the user's own network, and a proxy is for
// what lies outside of it.
grpc::ChannelArguments CoordinatorChannelArguments();

// How a program shows a coordinator who calls, and knows that it is the right one.
struct CallerOptions {
  // Holds the token. Empty: on loopback that of the coordinator there, where this user may read it; else none.
  std::string token_file = {};
  // `authorities` sign the coordinator's certificate (empty: those that the system trusts); `certificate` and `key` are
  // the caller's own.
  TlsFiles tls = {};
  // Calls another machine as one on loopback is called: without TLS, and without a token.
  bool insecure = false;
};

// A channel to HOST:PORT. With TLS where a file of it is named, and to other machines. Files may be replaced meanwhile.
// Errors, which name the file and the way out, are those of CheckTlsFiles and ReadSecretFile. Nothing is dialled yet.
absl::StatusOr<std::shared_ptr<grpc::Channel>> DialCoordinator(
    const std::string& address, const CallerOptions& caller,
    const grpc::ChannelArguments& arguments = CoordinatorChannelArguments());

// What to do where a call failed because what was dialled is no coordinator, or one that is dialled otherwise: it
// speaks HTTP/1.1, as the page does, no TLS, or TLS with a certificate that is not trusted. "" for other failures.
std::string ConnectionAdvice(const grpc::Status& status);

}  // namespace ofsweep
