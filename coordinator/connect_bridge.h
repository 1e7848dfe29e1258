#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "access/principal.h"
#include "monitoring/http_server.h"

namespace ofsweep {

// Serves a gRPC service over HTTP/1.1 by the Connect protocol (connectrpc.com/docs/protocol), for browsers and curl:
//
//   POST /SERVICE/METHOD   application/json or application/proto; what streams: application/connect+json or +proto
//   GET  /SERVICE/METHOD   methods that have no side effects: ?encoding=json&message=…
//
// Knows no method: it reads their descriptors, and hands bytes to a channel.
class ConnectBridge {
 public:
  // Of a service that is linked into this program: "ofsweep.v1.SweepService".
  ConnectBridge(std::shared_ptr<grpc::Channel> channel, const std::string& service);
  // Calls Stop.
  ~ConnectBridge();
  ConnectBridge(const ConnectBridge&) = delete;
  ConnectBridge& operator=(const ConnectBridge&) = delete;

  // What the paths of its methods begin with: "/ofsweep.v1.SweepService/".
  std::string path() const;

  // On behalf of `caller`, who may make that call.
  void Answer(Caller caller, HttpRequest http, std::shared_ptr<HttpAnswer> answer);

  // Cancels what is on its way, and waits until it has been answered; later calls are answered with UNAVAILABLE.
  void Stop();

 private:
  class Calls;
  class UnaryCall;
  class StreamCall;
  struct Target;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string service_;
  const std::unique_ptr<Calls> calls_;
};

}  // namespace ofsweep
