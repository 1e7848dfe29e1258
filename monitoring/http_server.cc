#include "monitoring/http_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "monitoring/byte_room.h"
#include "monitoring/host_port.h"
#include "monitoring/http_exchange.h"
#include "monitoring/http_messages.h"
#include "monitoring/tls_context.h"
#include "monitoring/waiting_connections.h"

namespace ofsweep {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Parser = http::request_parser<http::string_body>;
using Reply = http::response<http::string_body>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
constexpr int kNextPorts = 100;
constexpr int kThreads = 4;                    // a long scrape or a slow disk does not hold up /healthz
constexpr std::chrono::seconds kLastBytes(1);  // how long what nobody wants is still taken
constexpr std::chrono::seconds kHandshake(10);
constexpr absl::Duration kLastAnswers = absl::Seconds(5);  // until when clients may take them; gRPC's have as long

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

// The other side of a connection.
struct Peer {
  std::string address;
  std::string certificate_uri = {};
};

constexpr HttpTerms kLastTerms;  // of an answer that ends its connection

// Requests that are read and not yet answered.
class OpenAnswers {
 public:
  class Guard {
   public:
    explicit Guard(OpenAnswers& answers) : answers_(answers) { answers_.Add(1); }
    ~Guard() { answers_.Add(-1); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    OpenAnswers& answers_;
  };

  void AwaitNone(absl::Duration at_most) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(
        absl::Condition(
            +[](OpenAnswers* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return self->count_ == 0; }, this),
        at_most);
  }

 private:
  void Add(int change) {
    absl::MutexLock lock(&mutex_);
    count_ += change;
  }

  absl::Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

class BeastServer : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, HttpRoutes routes)
      : options_(options), routes_(std::move(routes)), bodies_(options.max_bytes_of_bodies) {}

  ~BeastServer() override {
    answers_.AwaitNone(kLastAnswers);
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    handles_.DetachAll();
  }

  absl::Status Listen() {
    const std::optional<HostPort> parsed = ParseHostPort(options_.address);
    if (!parsed) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", options_.address, "\" is no HTTP address: give HOST:PORT with --http, like 127.0.0.1:7071"));
    }
    if (options_.tls) {
      auto tls = TlsContext::Load(*options_.tls);
      if (!tls.ok()) return tls.status();
      tls_ = *std::move(tls);
    }
    try {
      const tcp::endpoint endpoint = *tcp::resolver(io_).resolve(parsed->host, std::to_string(parsed->port)).begin();
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      Bind(endpoint);
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
  // Throws.
  void Bind(tcp::endpoint endpoint) {
    const int last = options_.or_next_port ? std::min(endpoint.port() + kNextPorts, 65535) : endpoint.port();
    boost::system::error_code error;
    for (int port = endpoint.port(); port <= last; ++port) {
      endpoint.port(static_cast<std::uint16_t>(port));
      acceptor_.bind(endpoint, error);
      if (error != asio::error::address_in_use) break;
    }
    if (error) throw boost::system::system_error(error);
  }

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
      if (connections_.load() >= options_.max_connections && !waiting_.CloseLongest()) continue;
      ++connections_;
      const auto strand = socket.get_executor();
      auto served = tls_ == nullptr ? Serve(beast::tcp_stream(std::move(socket)))
                                    : ServeTls(beast::tcp_stream(std::move(socket)), tls_->Current());
      asio::co_spawn(strand, std::move(served), [this](const std::exception_ptr&) { --connections_; });
    }
  }

  asio::awaitable<void> Serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer;
    const Peer peer{.address = AddressOf(stream)};
    while (co_await ServeOne(stream, buffer, peer)) {
    }
    co_await EndGently(stream);
  }

  asio::awaitable<void> ServeTls(beast::tcp_stream tcp, TlsContext::Shared context) {
    beast::flat_buffer buffer;
    Peer peer{.address = AddressOf(tcp)};
    TlsStream stream(std::move(tcp), *context);
    if (!co_await ShakeHands(stream, buffer)) co_return;
    peer.certificate_uri = CertificateUri(stream.native_handle());
    while (co_await ServeOne(stream, buffer, peer)) {
    }
    beast::error_code error;
    stream.next_layer().expires_after(kLastBytes);
    co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
    co_await EndGently(stream.next_layer());
  }

  // What of the first request has come already is in the buffer afterwards.
  asio::awaitable<bool> ShakeHands(TlsStream& stream, beast::flat_buffer& buffer) {
    beast::tcp_stream& tcp = stream.next_layer();
    beast::error_code error;
    const WaitingConnections::Wait wait(waiting_, tcp.get_executor(), [&tcp] { tcp.close(); });
    tcp.expires_after(std::min(kHandshake, std::chrono::seconds(options_.idle_seconds)));
    const bool is_tls = co_await beast::async_detect_ssl(tcp, buffer, asio::redirect_error(asio::use_awaitable, error));
    if (!error && !is_tls) {
      co_await Write(tcp,
                     ToBeastResponse(PlainResponse(400, "This port speaks HTTPS: ask for https://.\n"), kLastTerms),
                     http::verb::get);
      co_await EndGently(tcp);
      co_return false;
    }
    if (error) co_return false;
    const std::size_t used = co_await stream.async_handshake(asio::ssl::stream_base::server, buffer.data(),
                                                             asio::redirect_error(asio::use_awaitable, error));
    buffer.consume(used);
    co_return !error;
  }

  static std::string AddressOf(beast::tcp_stream& stream) {
    beast::error_code gone;
    const tcp::endpoint peer = stream.socket().remote_endpoint(gone);
    return gone ? "" : peer.address().to_string();
  }

  // What the client still sends is taken for a moment: to close with some of it unread would take the last answer from
  // it (RST).
  asio::awaitable<void> EndGently(beast::tcp_stream& stream) {
    beast::error_code error;
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    const WaitingConnections::Wait wait(waiting_, stream.get_executor(), [&stream] { stream.close(); });
    stream.expires_after(kLastBytes);
    std::array<char, 16 * 1024> unread;
    while (!error) {
      co_await stream.async_read_some(asio::buffer(unread), asio::redirect_error(asio::use_awaitable, error));
    }
  }

  // A request and its answer. Returns whether the connection may be used again.
  template <typename Stream>
  asio::awaitable<bool> ServeOne(Stream& stream, beast::flat_buffer& buffer, const Peer& peer) {
    Parser parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(options_.max_body_bytes);
    beast::error_code error;
    std::optional<WaitingConnections::Wait> wait(std::in_place, waiting_, stream.get_executor(),
                                                 [&stream] { beast::get_lowest_layer(stream).close(); });
    ExpireLater(stream);
    co_await http::async_read_header(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return co_await SayLastWords(stream, error);
    HttpRequest request = ToHttpRequest(parser.get());
    HttpTerms terms{parser.get().version(), parser.get().keep_alive(), parser.get().method()};
    const HttpCallHandler* call = FindCall(request.path);
    request.peer = peer.address;
    request.certificate_uri = peer.certificate_uri;
    if (auto refusal = options_.admit ? options_.admit(request) : std::nullopt) {
      terms.keep_alive = false;
      co_return co_await Write(stream, ToBeastResponse(*std::move(refusal), terms), terms.method);
    }
    if (call == nullptr && HasBody(parser)) {
      terms.keep_alive = false;
      if (IsPage(request)) co_return co_await SayLastWords(stream, http::error::body_limit);
      co_return co_await Write(stream, AnswerPage(request, terms), terms.method);
    }
    ByteRoom::Share share(bodies_);
    co_await ReadBody(stream, buffer, parser, share, error);
    if (error) co_return co_await SayLastWords(stream, error);
    wait.reset();
    const OpenAnswers::Guard open(answers_);
    request.body = std::move(parser.get().body());
    if (call != nullptr) co_return co_await Converse(stream, std::move(request), terms, *call);
    co_return co_await Write(stream, AnswerPage(request, terms), terms.method);
  }

  template <typename Stream>
  void ExpireLater(Stream& stream) const {
    beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(options_.idle_seconds));
  }

  template <typename Stream>
  void ExpireLater(Stream& stream, std::size_t bytes_to_take) const {
    beast::get_lowest_layer(stream).expires_after(
        std::chrono::seconds(options_.idle_seconds) +
        std::chrono::milliseconds(1000 * bytes_to_take / options_.min_bytes_a_second));
  }

  static bool HasBody(const Parser& parser) {
    return parser.chunked() || parser.content_length_remaining().value_or(0) > 0;
  }

  // The error no_buffer_space: all bodies together would be too large.
  template <typename Stream>
  asio::awaitable<void> ReadBody(Stream& stream, beast::flat_buffer& buffer, Parser& parser, ByteRoom::Share& share,
                                 beast::error_code& error) const {
    // curl waits for this before it sends a long body.
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go_on(http::status::continue_, 11);
      co_await http::async_write(stream, go_on, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
    }
    ExpireLater(stream);
    while (!error && !parser.is_done()) {
      co_await http::async_read_some(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
      if (!error && !share.GrowTo(parser.get().body().size())) error = asio::error::no_buffer_space;
    }
  }

  // Returns whether the connection may be used again.
  template <typename Stream>
  asio::awaitable<bool> Write(Stream& stream, Reply reply, http::verb method) const {
    ExpireLater(stream, reply.body().size());
    http::response_serializer<http::string_body> serializer(reply);
    if (method == http::verb::head) {
      co_await http::async_write_header(stream, serializer, asio::use_awaitable);
    } else {
      co_await http::async_write(stream, serializer, asio::use_awaitable);
    }
    co_return reply.keep_alive();
  }

  // An answer that comes later. Returns whether the connection may be used again.
  template <typename Stream>
  asio::awaitable<bool> Converse(Stream& stream, HttpRequest request, HttpTerms terms, const HttpCallHandler& handler) {
    const auto exchange = std::make_shared<HttpExchange>(stream.get_executor());
    const auto answer = std::make_shared<HttpAnswerHandle>(exchange);
    const OpenHandles::Guard open(handles_, answer);
    try {
      handler(std::move(request), answer);
    } catch (const std::exception& error) {
      answer->Send(PlainResponse(500, absl::StrCat("Internal error: ", error.what(), "\n")));
    }
    std::optional<HttpPiece> first = co_await exchange->Next();
    if (first->is_last) {
      exchange->NoteFinished();
      co_return co_await Write(stream, ToBeastResponse(std::move(first->head), terms), terms.method);
    }
    try {
      asio::co_spawn(stream.get_executor(),
                     WatchForEnd(beast::get_lowest_layer(stream).socket(), exchange, std::is_same_v<Stream, TlsStream>),
                     asio::detached);
      co_await WritePieces(stream, *std::move(first), *exchange);
      exchange->NoteFinished();
    } catch (const boost::system::system_error&) {
      exchange->NoteGone();
    }
    co_return false;
  }

  template <typename Stream>
  asio::awaitable<void> WritePieces(Stream& stream, HttpPiece first, HttpExchange& exchange) const {
    std::string body = std::exchange(first.head.body, "");
    Reply reply = ToBeastResponse(std::move(first.head), kLastTerms);
    reply.erase(http::field::content_length);
    reply.chunked(true);
    http::response_serializer<http::string_body> serializer(reply);
    ExpireLater(stream);
    co_await http::async_write_header(stream, serializer, asio::use_awaitable);
    std::optional<HttpPiece> piece = HttpPiece{.body = std::move(body)};
    while (piece && !piece->is_last) {
      if (!piece->body.empty()) {
        ExpireLater(stream, piece->body.size());
        co_await asio::async_write(stream, http::make_chunk(asio::buffer(piece->body)), asio::use_awaitable);
      }
      exchange.NoteTaken(*piece);
      beast::get_lowest_layer(stream).expires_never();
      piece = co_await exchange.Next();
    }
    if (!piece) co_return;
    ExpireLater(stream);
    co_await asio::async_write(stream, http::make_chunk_last(), asio::use_awaitable);
  }

  // A client sends nothing while it is answered, so what arrives is its end; over TLS it says goodbye first. The socket
  // is not touched after the wait, which the connection's end cuts short.
  static asio::awaitable<void> WatchForEnd(tcp::socket& socket, std::shared_ptr<HttpExchange> exchange, bool is_tls) {
    char next = 0;
    beast::error_code error;
    co_await socket.async_receive(asio::buffer(&next, 1), asio::socket_base::message_peek,
                                  asio::redirect_error(asio::use_awaitable, error));
    if (error || is_tls) exchange->NoteGone();
  }

  // To a connection whose request cannot be read, where it is not simply over. Returns false: it is not used again.
  template <typename Stream>
  asio::awaitable<bool> SayLastWords(Stream& stream, beast::error_code error) const {
    if (error == asio::error::no_buffer_space) {
      HttpResponse wait = PlainResponse(503, "Too many large requests at once; send this one again in a second.\n");
      wait.headers.emplace_back("Retry-After", "1");
      co_return co_await Write(stream, ToBeastResponse(std::move(wait), kLastTerms), http::verb::get);
    }
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        error.category() != http::make_error_code(http::error::bad_method).category()) {
      co_return false;
    }
    HttpResponse words = PlainResponse(400, absl::StrCat("Not an HTTP request: ", error.message(), ".\n"));
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      words = PlainResponse(431, "The request's header is over 16 KiB.\n");
    } else if (error == http::error::body_limit || error == http::error::unexpected_body) {
      words = PlainResponse(413, "The request's body is too large, or there should be none.\n");
    }
    co_return co_await Write(stream, ToBeastResponse(std::move(words), kLastTerms), http::verb::get);
  }

  const HttpCallHandler* FindCall(const std::string& path) const {
    for (const auto& [beginning, handler] : routes_.calls) {
      const bool is_folder = beginning.ends_with('/');
      if (is_folder ? path.starts_with(beginning) : path == beginning) return &handler;
    }
    return nullptr;
  }

  bool IsPage(const HttpRequest& request) const { return routes_.pages.contains(request.path); }

  Reply AnswerPage(const HttpRequest& request, HttpTerms terms) const {
    if (IsPage(request) && terms.method != http::verb::get && terms.method != http::verb::head) {
      terms.keep_alive = false;
      Reply reply = ToBeastResponse(PlainResponse(405, "Only GET and HEAD are answered here.\n"), terms);
      reply.set(http::field::allow, "GET, HEAD");
      return reply;
    }
    return ToBeastResponse(Handle(request), terms);
  }

  HttpResponse Handle(const HttpRequest& request) const {
    const auto handler = routes_.pages.find(request.path);
    if (handler == routes_.pages.end()) {
      std::string body = "Nothing here. Paths:\n";
      for (const auto& [path, unused] : routes_.pages) absl::StrAppend(&body, "  ", path, "\n");
      return PlainResponse(404, std::move(body));
    }
    try {
      return handler->second(request);
    } catch (const std::exception& error) {
      return PlainResponse(500, absl::StrCat("Internal error: ", error.what(), "\n"));
    }
  }

  const HttpServerOptions options_;
  const HttpRoutes routes_;
  std::string address_;
  std::unique_ptr<TlsContext> tls_;  // none: plain; AcceptAll's alone
  std::atomic<std::size_t> connections_ = 0;
  OpenAnswers answers_;
  ByteRoom bodies_;
  WaitingConnections waiting_;
  OpenHandles handles_;
  asio::io_context io_{kThreads};
  tcp::acceptor acceptor_{io_};
  std::vector<std::thread> threads_;
};

}  // namespace

std::string HttpRequest::Header(const std::string& name) const {
  const auto header = headers.find(name);
  return header == headers.end() ? "" : header->second;
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options, HttpRoutes routes) {
  auto server = std::make_unique<BeastServer>(options, std::move(routes));
  if (absl::Status status = server->Listen(); !status.ok()) return status;
  return server;
}

}  // namespace ofsweep
