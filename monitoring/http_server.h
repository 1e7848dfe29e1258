#pragma once

#include <any>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace ofsweep {

struct HttpRequest {
  std::string method;  // "GET", "HEAD", "POST"
  std::string path;    // "/metrics"
  std::string query;   // behind the '?', undecoded
  // By their names in lower case; the last of several.
  std::map<std::string, std::string> headers;
  std::string body;
  std::string peer;             // where it comes from, without the port: "10.0.0.7"
  std::string certificate_uri;  // over TLS, of the client's certificate, which was verified; "" without one
  std::any admitted;            // what `admit` lets handlers know of who asks

  // "" without that header.
  std::string Header(const std::string& name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Beside Content-Type, Cache-Control (no-store where it is not among these) and X-Content-Type-Options: nosniff.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// Answers GET and HEAD at once; may be called by several threads. What it throws becomes a 500.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// An answer that is given later and from any thread: whole by Send, or in pieces by Begin, Write… and End. It has to be
// ended one way or the other, and is to be held no longer than the server lives. The callbacks must not block.
class HttpAnswer {
 public:
  virtual ~HttpAnswer() = default;

  virtual void Send(HttpResponse response) = 0;

  // The body is the first piece.
  virtual void Begin(HttpResponse head) = 0;
  // `taken` is called when the client's side has room for the next piece; never, once it has gone.
  virtual void Write(std::string piece, std::function<void()> taken) = 0;
  virtual void End() = 0;

  // Called once, if the client goes between Begin and End: closes the connection, or takes nothing for `idle_seconds`.
  virtual void OnGone(std::function<void()> gone) = 0;
};

// Answers GET, HEAD and POST. What it throws becomes a 500.
using HttpCallHandler = std::function<void(HttpRequest, std::shared_ptr<HttpAnswer>)>;

struct HttpRoutes {
  std::map<std::string, HttpHandler> pages;      // by their path
  std::map<std::string, HttpCallHandler> calls;  // by their path, or what it begins with: "/service/"
};

// PEM files of a server that speaks TLS (1.2 or later); they may be replaced while it runs.
struct HttpTlsOptions {
  std::string certificate;              // its chain, leaf first
  std::string key;                      // of the leaf
  std::string client_authorities = {};  // whose certificates are asked of clients, which need not have one
  std::chrono::seconds refresh = std::chrono::seconds(10);  // between two looks at the files
  // Hears why a file that was replaced cannot be used; the old ones are used on. Must not block.
  std::function<void(const std::string&)> on_unusable = {};
};

struct HttpServerOptions {
  std::string address = "127.0.0.1:7071";  // HOST:PORT or [IPV6]:PORT; port 0 takes a free one
  bool or_next_port = false;               // where the port is in use, the first free one of the hundred behind it
  int idle_seconds = 30;                   // a connection that neither sends nor takes anything for so long is closed
  // An answer, or a piece of one that comes in pieces, is to be taken within idle_seconds and what this rate gives it
  // besides: who takes a byte now and then loses the connection.
  std::size_t min_bytes_a_second = 32 << 10;
  // One more closes the one that has kept the server waiting for a request longest, or itself where none does.
  std::size_t max_connections = 256;
  std::size_t max_body_bytes = std::size_t{16} << 20;
  // Of all requests that are not yet answered, those of at most 64 KiB aside; a body beyond it is refused with 503.
  std::size_t max_bytes_of_bodies = std::size_t{64} << 20;
  // Sees each request before its body is read. What it returns is the answer, and the connection's last one; nothing
  // for a request that handlers are to see, with what it put into `admitted`.
  std::function<std::optional<HttpResponse>(HttpRequest&)> admit = {};
  std::optional<HttpTlsOptions> tls = {};
};

// The HTTP/1.1 server of a coordinator or a worker: keep-alive, headers of at most 16 KiB, bodies of calls alone.
class HttpServer {
 public:
  // InvalidArgument for a malformed address or a file that is of no use for TLS, Unavailable where it cannot be
  // listened on: the port is in use, the host is not of this machine, …
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options, HttpRoutes routes);
  // Waits for running handlers, and for five seconds until clients have taken the answers that are given; closes every
  // connection.
  virtual ~HttpServer() = default;

  // HOST:PORT with the port that is really listened on.
  virtual std::string address() const = 0;
};

}  // namespace ofsweep
