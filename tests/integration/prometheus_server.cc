#include "tests/integration/prometheus_server.h"

#include <cctype>
#include <stdexcept>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "tests/monitoring/http_client.h"

namespace ofsweep {
namespace {

using nlohmann::json;

std::string UrlEncoded(const std::string& text) {
  static const char* hex = "0123456789ABCDEF";
  std::string encoded;
  for (unsigned char c : text) {
    if (std::isalnum(c)) {
      encoded += static_cast<char>(c);
    } else {
      encoded += '%';
      encoded += hex[c >> 4];
      encoded += hex[c & 15];
    }
  }
  return encoded;
}

std::string FreeAddress() {
  using boost::asio::ip::tcp;
  boost::asio::io_context io;
  const tcp::acceptor probe(io, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  return "127.0.0.1:" + std::to_string(probe.local_endpoint().port());
}

}  // namespace

// Prometheus cannot tell which port it took, so a free one is found first; another process may snatch it in between.
PrometheusServer::PrometheusServer(const std::string& config_file, const std::string& folder) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    address_ = FreeAddress();
    process_ = std::make_unique<Process>(
        std::vector<std::string>{PROMETHEUS_PROGRAM, "--config.file=" + config_file,
                                 "--storage.tsdb.path=" + folder + "/tsdb" + std::to_string(attempt),
                                 "--web.listen-address=" + address_, "--log.level=warn"});
    bool ready = false;
    const bool answered = WaitUntil([&] {
      ready = Ask("/-/ready").find("is Ready") != std::string::npos;
      return ready || process_->Err().find("bind") != std::string::npos;
    });
    if (answered && ready) return;
  }
  throw std::runtime_error("Prometheus does not start: " + process_->Err());
}

std::string PrometheusServer::Ask(const std::string& path) const {
  try {
    return BodyOf(Http(address_, path));
  } catch (const std::exception&) {
    return "";  // it does not listen yet
  }
}

json PrometheusServer::Query(const std::string& expression) const {
  const json answer = json::parse(Ask("/api/v1/query?query=" + UrlEncoded(expression)), nullptr, false);
  if (!answer.is_object() || answer.value("status", "") != "success") return json::array();
  return answer["data"]["result"];
}

std::string PrometheusServer::Value(const std::string& expression) const {
  json result;
  if (!WaitUntil([&] { return (result = Query(expression)).size() == 1; })) return result.dump();
  return result[0]["value"][1];
}

}  // namespace ofsweep
