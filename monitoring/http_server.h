#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace ofsweep {

struct HttpRequest {
  std::string path;   // "/metrics"
  std::string query;  // behind the '?', undecoded
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Answers GET and HEAD; may be called by several threads at once. What it throws becomes a 500.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpServerOptions {
  std::string address = "127.0.0.1:7071";  // HOST:PORT or [IPV6]:PORT; port 0 takes a free one
  int idle_seconds = 30;                   // a connection that neither sends nor takes anything for so long is closed
  std::size_t max_connections = 256;       // further ones are closed at once
};

// The HTTP/1.1 server of a coordinator or a worker: exact paths, keep-alive, requests of at most 16 KiB without a body.
class HttpServer {
 public:
  // InvalidArgument for a malformed address, Unavailable where it cannot be listened on: the port is in use, the host
  // is not of this machine, …
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           std::map<std::string, HttpHandler> handlers);
  // Closes every connection and waits for running handlers.
  virtual ~HttpServer() = default;

  // HOST:PORT with the port that is really listened on.
  virtual std::string address() const = 0;
};

}  // namespace ofsweep
