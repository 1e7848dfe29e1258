#include "tests/monitoring/https_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

namespace ofsweep {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string HttpsSend(const std::string& address, const HttpsClient& client, const HttpCall& call) {
  asio::io_context io;
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.load_verify_file(client.files.authorities);
  context.set_verify_mode(asio::ssl::verify_peer);
  if (!client.files.certificate.empty()) {
    context.use_certificate_chain_file(client.files.certificate);
    context.use_private_key_file(client.files.key, asio::ssl::context::pem);
  }
  if (client.newest_version != 0) {
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.native_handle(), client.newest_version);
    SSL_CTX_set_security_level(context.native_handle(), 0);  // Debian's own bound is not what is looked at
  }
  asio::ssl::stream<tcp::socket> stream(io, context);
  stream.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
  const std::size_t colon = address.rfind(':');
  asio::connect(stream.next_layer(), tcp::resolver(io).resolve(address.substr(0, colon), address.substr(colon + 1)));
  stream.handshake(asio::ssl::stream_base::client);
  asio::write(stream, asio::buffer(RequestText(call)));
  std::string response;
  boost::system::error_code end;
  asio::read(stream, asio::dynamic_buffer(response), end);
  // A server that refuses a certificate says so after the handshake (TLS 1.3).
  if (response.empty()) throw boost::system::system_error(end);
  return response;
}

}  // namespace ofsweep
