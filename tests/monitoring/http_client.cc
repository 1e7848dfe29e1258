#include "tests/monitoring/http_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
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
  const std::size_t colon = address.rfind(':');
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  boost::asio::connect(socket,
                       boost::asio::ip::tcp::resolver(io).resolve(address.substr(0, colon), address.substr(colon + 1)));
  const std::string request = method + " " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  boost::asio::write(socket, boost::asio::buffer(request));
  std::string response;
  boost::system::error_code end;
  boost::asio::read(socket, boost::asio::dynamic_buffer(response), end);
  return response;
}

std::string BodyOf(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  if (end == std::string::npos) return "";
  const std::string body = response.substr(end + 4);
  const bool chunked = response.substr(0, end).find("Transfer-Encoding: chunked") != std::string::npos;
  return chunked ? Unchunked(body) : body;
}

}  // namespace ofsweep
