// HTTP over TLS: which clients are served, what handlers hear of their certificates, and files that are replaced.
#include <filesystem>
#include <fstream>
#include <mutex>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "absl/synchronization/notification.h"
#include "monitoring/http_server.h"
#include "tests/access/certificates.h"
#include "tests/monitoring/http_client.h"
#include "tests/monitoring/https_client.h"
#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kHere = "IP:127.0.0.1";

class HttpTlsTest : public ::testing::Test {
 protected:
  HttpTlsTest() : authority_(folder_.path()), files_(authority_.Issue("server", kHere)) {}

  void Start(bool asks_for_certificates = false, int idle_seconds = 30) {
    HttpRoutes routes;
    routes.pages["/who"] = [](const HttpRequest& request) {
      return HttpResponse{.body = "you are " + request.certificate_uri + " at " + request.peer};
    };
    routes.calls["/echo"] = [](const HttpRequest& request, const std::shared_ptr<HttpAnswer>& answer) {
      answer->Begin({.body = "first "});
      answer->Write(request.body, [answer] { answer->End(); });
    };
    routes.calls["/wait"] = [this](const HttpRequest&, const std::shared_ptr<HttpAnswer>& answer) {
      answer->Begin({.body = "first"});
      answer->OnGone([this] { gone_.Notify(); });
    };
    HttpTlsOptions tls{.certificate = files_.certificate, .key = files_.key, .refresh = std::chrono::seconds(0)};
    tls.on_unusable = [this](const std::string& why) {
      const std::lock_guard lock(mutex_);
      unusable_.push_back(why);
    };
    if (asks_for_certificates) tls.client_authorities = authority_.authority();
    auto server =
        HttpServer::Start({.address = "127.0.0.1:0", .idle_seconds = idle_seconds, .tls = tls}, std::move(routes));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  HttpsClient Client(TlsFiles files = {}) const {
    files.authorities = authority_.authority();
    return {.files = std::move(files)};
  }
  std::string Get(const HttpsClient& client, const std::string& path = "/who") {
    return HttpsSend(server_->address(), client, {.path = path, .method = "GET"});
  }

  TemporaryFolder folder_;
  Certificates authority_;
  TlsFiles files_;
  absl::Notification gone_;
  std::mutex mutex_;
  std::vector<std::string> unusable_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpTlsTest, AnswersWholeAndInPieces) {
  Start();
  EXPECT_THAT(Get(Client()), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("you are  at 127.0.0.1")));
  const std::string large(300'000, 'a');
  EXPECT_EQ(BodyOf(HttpsSend(server_->address(), Client(), {.path = "/echo", .body = large})), "first " + large);
}

TEST_F(HttpTlsTest, WhoSpeaksPlainHttpIsToldWhatToSpeak) {
  Start();
  EXPECT_THAT(Http(server_->address(), "/who"), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("https://")));
}

TEST_F(HttpTlsTest, WhoDoesNotFinishTheHandshakeIsClosed) {
  Start(/*asks_for_certificates=*/false, /*idle_seconds=*/1);
  const std::string address = server_->address();
  for (const std::string& begun : {std::string(), std::string("\x16\x03\x01\x02\x00\x01", 6)}) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    boost::asio::connect(
        socket, boost::asio::ip::tcp::resolver(io).resolve("127.0.0.1", address.substr(address.rfind(':') + 1)));
    boost::asio::write(socket, boost::asio::buffer(begun));
    std::string received;
    boost::system::error_code end;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(received), "never", end);
    EXPECT_TRUE(end) << received;
  }
}

TEST_F(HttpTlsTest, VersionsBefore12AreRefused) {
  Start();
  HttpsClient old = Client();
  old.newest_version = TLS1_1_VERSION;
  EXPECT_THROW(Get(old), boost::system::system_error);
  old.newest_version = TLS1_2_VERSION;
  EXPECT_THAT(Get(old), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpTlsTest, HandlersHearTheUriOfACertificateThatWasVerified) {
  Start(/*asks_for_certificates=*/true);
  EXPECT_THAT(Get(Client()), HasSubstr("you are  at")) << "none has to be shown";
  EXPECT_THAT(Get(Client(authority_.Issue("ada", "URI:spiffe://lab/ada"))), HasSubstr("you are spiffe://lab/ada at"));
  EXPECT_THAT(Get(Client(authority_.Issue("two", "URI:spiffe://lab/a,URI:spiffe://lab/b"))), HasSubstr("you are  at"));
  TemporaryFolder elsewhere;
  Certificates other(elsewhere.path());
  EXPECT_THROW(Get(Client(other.Issue("ada", "URI:spiffe://lab/ada"))), boost::system::system_error);
}

TEST_F(HttpTlsTest, WhoAnswersInPiecesHearsThatTheClientHasGone) {
  Start();
  boost::asio::io_context io;
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream(io, context);
  const std::string address = server_->address();
  boost::asio::connect(stream.next_layer(),
                       boost::asio::ip::tcp::resolver(io).resolve("127.0.0.1", address.substr(address.rfind(':') + 1)));
  stream.handshake(boost::asio::ssl::stream_base::client);
  boost::asio::write(stream, boost::asio::buffer(RequestText({.path = "/wait", .method = "GET"})));
  std::string received;
  boost::asio::read_until(stream, boost::asio::dynamic_buffer(received), "first");
  EXPECT_FALSE(gone_.HasBeenNotified());
  boost::system::error_code goodbye;
  stream.shutdown(goodbye);
  EXPECT_TRUE(gone_.WaitForNotificationWithTimeout(absl::Seconds(30)));
}

TEST_F(HttpTlsTest, WithoutAuthoritiesACertificateIsNotAskedFor) {
  Start();
  EXPECT_THAT(Get(Client(authority_.Issue("ada", "URI:spiffe://lab/ada"))), HasSubstr("you are  at"));
}

TEST_F(HttpTlsTest, FilesThatAreReplacedAreUsedAndBrokenOnesAreTold) {
  Start();
  TemporaryFolder elsewhere;
  Certificates other(elsewhere.path());
  const TlsFiles renewed = other.Issue("server", kHere);
  std::filesystem::copy_file(renewed.certificate, files_.certificate,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(Get(Client()), StartsWith("HTTP/1.1 200")) << "that of another key is not used";
  EXPECT_THAT(Get(Client()), StartsWith("HTTP/1.1 200"));
  {
    const std::lock_guard lock(mutex_);
    ASSERT_EQ(unusable_.size(), 1u) << "it is told once";
    EXPECT_THAT(unusable_[0], HasSubstr(files_.key));
  }
  std::filesystem::copy_file(renewed.key, files_.key, std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(Get({.files = {.authorities = other.authority()}}), StartsWith("HTTP/1.1 200"));
  EXPECT_THROW(Get(Client()), boost::system::system_error);
}

TEST_F(HttpTlsTest, FilesOfNoUseAreToldAtTheStart) {
  std::ofstream(files_.key) << "no key";
  const auto server = HttpServer::Start(
      {.address = "127.0.0.1:0", .tls = HttpTlsOptions{.certificate = files_.certificate, .key = files_.key}}, {});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(files_.key));
}

}  // namespace
}  // namespace ofsweep
