#include "tests/monitoring/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace ofsweep {
namespace {

// A body that came as "SIZE in hexadecimal, newline, SIZE bytes, newline" until a SIZE of 0: long answers of Go's
// server.
std::string Unchunked(const std::string& body) {
  std::string whole;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t size = std::stoul(body.substr(at), nullptr, 16);
    if (size == 0) break;
    const std::size_t data = body.find("\r\n", at) + 2;
    whole += body.substr(data, size);
    at = data + size + 2;
  }
  return whole;
}

}  // namespace

std::string Http(const std::string& address, const std::string& path, const std::string& method) {
  return HttpSend(address, {.path = path, .method = method});
}

std::string HttpSend(const std::string& address, const HttpCall& call) {
  return HttpStream(address, call).ReadToEnd();
}

std::string RequestText(const HttpCall& call) {
  std::string request = call.method + " " + call.path + " HTTP/1.1\r\nConnection: close\r\n";
  bool has_host = false;
  for (const std::string& header : call.headers) {
    request += header + "\r\n";
    has_host |= header.starts_with("Host:");
  }
  if (!has_host) request += "Host: localhost\r\n";
  if (!call.body.empty()) request += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  return request + "\r\n" + call.body;
}

struct HttpStream::Socket {
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket tcp{io};
};

HttpStream::HttpStream(const std::string& address, const HttpCall& call) : socket_(std::make_unique<Socket>()) {
  const std::size_t colon = address.rfind(':');
  boost::asio::connect(
      socket_->tcp,
      boost::asio::ip::tcp::resolver(socket_->io).resolve(address.substr(0, colon), address.substr(colon + 1)));
  boost::system::error_code refused;  // before it has read the body, perhaps: then its answer says why
  boost::asio::write(socket_->tcp, boost::asio::buffer(RequestText(call)), refused);
}

HttpStream::~HttpStream() = default;

std::string HttpStream::ReadUntil(const std::string& text) {
  boost::system::error_code end;
  boost::asio::read_until(socket_->tcp, boost::asio::dynamic_buffer(response_), text, end);
  return response_;
}

std::string HttpStream::ReadToEnd() {
  boost::system::error_code end;
  boost::asio::read(socket_->tcp, boost::asio::dynamic_buffer(response_), end);
  return response_;
}

std::string BodyOf(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  if (end == std::string::npos) return "";
  const std::string body = response.substr(end + 4);
  const bool chunked = response.substr(0, end).find("Transfer-Encoding: chunked") != std::string::npos;
  return chunked ? Unchunked(body) : body;
}

}  // namespace ofsweep
