#include "monitoring/http_server.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "absl/strings/str_cat.h"
#include "monitoring/host_port.h"

namespace ofsweep {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Reply = http::response<http::string_body>;

constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
constexpr int kThreads = 4;  // a long scrape or a slow disk does not hold up /healthz

std::string HowToListen(const boost::system::error_code& error, const HostPort& address) {
  if (error == asio::error::address_in_use) {
    return "Stop the process that holds the port, or choose another with --http HOST:PORT (port 0 takes a free one)";
  }
  if (error == asio::error::access_denied) {
    return absl::StrCat("This user may not listen on port ", address.port,
                        "; choose one from 1024 on with --http HOST:PORT");
  }
  return absl::StrCat("Is ", address.host,
                      " an address of this machine? Give one with --http HOST:PORT: 127.0.0.1 for this machine alone, "
                      "0.0.0.0 for others too");
}

class BeastServer : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, std::map<std::string, HttpHandler> handlers)
      : options_(options), handlers_(std::move(handlers)) {}

  ~BeastServer() override {
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  absl::Status Listen() {
    const std::optional<HostPort> parsed = ParseHostPort(options_.address);
    if (!parsed) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", options_.address, "\" is no HTTP address: give HOST:PORT with --http, like 127.0.0.1:7071"));
    }
    try {
      const tcp::endpoint endpoint = *tcp::resolver(io_).resolve(parsed->host, std::to_string(parsed->port)).begin();
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen();
    } catch (const boost::system::system_error& error) {
      return absl::UnavailableError(absl::StrCat("cannot listen for HTTP on ", options_.address, ": ",
                                                 error.code().message(), ". ", HowToListen(error.code(), *parsed)));
    }
    address_ = ToText(HostPort{parsed->host, acceptor_.local_endpoint().port()});
    asio::co_spawn(io_, AcceptAll(), asio::detached);
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { io_.run(); });
    return absl::OkStatus();
  }

  std::string address() const override { return address_; }

 private:
  asio::awaitable<void> AcceptAll() {
    for (;;) {
      beast::error_code error;
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::make_strand(io_), asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // out of file descriptors: let connections end before the next try
        asio::steady_timer pause(io_, std::chrono::milliseconds(100));
        co_await pause.async_wait(asio::use_awaitable);
        continue;
      }
      if (connections_.load() >= options_.max_connections) continue;
      ++connections_;
      const auto strand = socket.get_executor();
      asio::co_spawn(strand, Serve(beast::tcp_stream(std::move(socket))),
                     [this](std::exception_ptr) { --connections_; });
    }
  }

  asio::awaitable<void> Serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer(2 * kMaxHeaderBytes);
    for (;;) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(kMaxHeaderBytes);
      beast::error_code error;
      stream.expires_after(std::chrono::seconds(options_.idle_seconds));
      co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
      Reply reply = error ? Refuse(error) : Answer(parser.get());
      if (reply.result() == http::status::unknown) break;
      stream.expires_after(std::chrono::seconds(options_.idle_seconds));
      http::response_serializer<http::string_body> serializer(reply);
      if (!error && parser.get().method() == http::verb::head) {
        co_await http::async_write_header(stream, serializer, asio::use_awaitable);
      } else {
        co_await http::async_write(stream, serializer, asio::use_awaitable);
      }
      if (!reply.keep_alive()) break;
    }
    beast::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  static Reply MakeReply(HttpResponse response, unsigned version, bool keep_alive) {
    Reply reply(http::int_to_status(static_cast<unsigned>(response.status)), version);
    reply.set(http::field::server, "ofsweep");
    reply.set(http::field::content_type, response.content_type);
    reply.set(http::field::cache_control, "no-store");
    reply.set("X-Content-Type-Options", "nosniff");
    reply.keep_alive(keep_alive);
    reply.body() = std::move(response.body);
    reply.prepare_payload();
    return reply;
  }

  // The last words to a connection whose request cannot be read; status `unknown` when it is simply over.
  static Reply Refuse(beast::error_code error) {
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        error.category() != http::make_error_code(http::error::bad_method).category()) {
      Reply over;
      over.result(http::status::unknown);
      return over;
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return MakeReply({431, "text/plain; charset=utf-8", "The request's header is over 16 KiB.\n"}, 11, false);
    }
    if (error == http::error::body_limit || error == http::error::unexpected_body) {
      return MakeReply({413, "text/plain; charset=utf-8", "Send no request body.\n"}, 11, false);
    }
    return MakeReply({400, "text/plain; charset=utf-8", absl::StrCat("Not an HTTP request: ", error.message(), ".\n")},
                     11, false);
  }

  Reply Answer(const http::request<http::empty_body>& request) const {
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      Reply reply = MakeReply({405, "text/plain; charset=utf-8", "Only GET and HEAD are answered here.\n"},
                              request.version(), false);
      reply.set(http::field::allow, "GET, HEAD");
      return reply;
    }
    const std::string target(request.target());
    const std::size_t mark = target.find('?');
    const HttpRequest plain{target.substr(0, mark), mark == std::string::npos ? "" : target.substr(mark + 1)};
    return MakeReply(Handle(plain), request.version(), request.keep_alive());
  }

  HttpResponse Handle(const HttpRequest& request) const {
    const auto handler = handlers_.find(request.path);
    if (handler == handlers_.end()) {
      std::string body = "Nothing here. Paths:\n";
      for (const auto& [path, unused] : handlers_) absl::StrAppend(&body, "  ", path, "\n");
      return {404, "text/plain; charset=utf-8", std::move(body)};
    }
    try {
      return handler->second(request);
    } catch (const std::exception& error) {
      return {500, "text/plain; charset=utf-8", absl::StrCat("Internal error: ", error.what(), "\n")};
    }
  }

  const HttpServerOptions options_;
  const std::map<std::string, HttpHandler> handlers_;
  std::string address_;
  std::atomic<std::size_t> connections_ = 0;
  asio::io_context io_{kThreads};
  tcp::acceptor acceptor_{io_};
  std::vector<std::thread> threads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              std::map<std::string, HttpHandler> handlers) {
  auto server = std::make_unique<BeastServer>(options, std::move(handlers));
  if (absl::Status status = server->Listen(); !status.ok()) return status;
  return server;
}

}  // namespace ofsweep
