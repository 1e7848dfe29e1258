#include "monitoring/http_server.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/monitoring/http_client.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// 0, 1, 2, 3, each when the last one has been taken.
void Count(int from, const std::shared_ptr<HttpAnswer>& answer) {
  if (from == 0) answer->Begin({.content_type = "text/count", .body = "from "});
  if (from == 4) return answer->End();
  answer->Write(std::to_string(from), [from, answer] { Count(from + 1, answer); });
}

std::unique_ptr<HttpServer> StartServer(HttpServerOptions options = {}) {
  options.address = "127.0.0.1:0";
  HttpRoutes routes;
  routes.pages["/hello"] = [](const HttpRequest& request) { return HttpResponse{.body = "hello " + request.query}; };
  routes.pages["/broken"] = [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("no luck"); };
  routes.calls["/echo/"] = [](const HttpRequest& request, const std::shared_ptr<HttpAnswer>& answer) {
    std::thread([request, answer] {
      answer->Send({.body = request.method + " " + request.path + " " + request.body});
    }).detach();
  };
  routes.calls["/broken-call/"] = [](const HttpRequest&, const std::shared_ptr<HttpAnswer>&) {
    throw std::runtime_error("no luck");
  };
  routes.calls["/count/"] = [](const HttpRequest&, const std::shared_ptr<HttpAnswer>& answer) { Count(0, answer); };
  auto server = HttpServer::Start(options, std::move(routes));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

// A connection of which a test says what it sends when.
class Client {
 public:
  explicit Client(const std::string& address) : socket_(io_) {
    boost::asio::connect(
        socket_, boost::asio::ip::tcp::resolver(io_).resolve("127.0.0.1", address.substr(address.rfind(':') + 1)));
  }
  void Send(const std::string& text) { boost::asio::write(socket_, boost::asio::buffer(text)); }
  // All that has come until then; less where the server closes.
  std::string ReadUntil(const std::string& text) {
    boost::system::error_code end;
    boost::asio::read_until(socket_, boost::asio::dynamic_buffer(received_), text, end);
    return received_;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string received_;
};

// The first answer that begins so, within ten seconds; else the last one.
std::string EventuallyAnswered(const std::string& address, const HttpCall& call, const std::string& beginning) {
  std::string answer;
  for (int i = 0; i < 100 && !answer.starts_with(beginning); ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    answer = HttpSend(address, call);
  }
  return answer;
}

TEST(HttpServer, AnswersKnownPathsAndListsThemForUnknownOnes) {
  const auto server = StartServer();
  const std::string hello = Http(server->address(), "/hello?a=1");
  EXPECT_THAT(hello, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(hello, HasSubstr("hello a=1"));
  const std::string unknown = Http(server->address(), "/elsewhere");
  EXPECT_THAT(unknown, StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(unknown, HasSubstr("/hello"));
}

// 203.0.113.0/24 is for documentation, and no machine's.
TEST(HttpServer, AnAddressThatCannotBeListenedOnIsToldWithWhatMendsIt) {
  const auto error = [](const std::string& address) {
    return std::string(HttpServer::Start({.address = address}, {}).status().message());
  };
  const auto server = StartServer();
  EXPECT_THAT(error(server->address()), AllOf(HasSubstr(server->address()), HasSubstr("holds the port")));
  for (const std::string address : {"203.0.113.9:8000", "nohost.invalid:8000"}) {
    EXPECT_THAT(error(address), AllOf(HasSubstr(address), HasSubstr("an address of this machine?"), HasSubstr("--http"),
                                      Not(HasSubstr("holds the port"))));
  }
}

TEST(HttpServer, HeadHasTheLengthButNoBody) {
  const auto server = StartServer();
  const std::string head = Http(server->address(), "/hello?x", "HEAD");
  EXPECT_THAT(head, HasSubstr("Content-Length: 7"));
  EXPECT_THAT(head, Not(HasSubstr("hello")));
}

TEST(HttpServer, OtherMethodsAndThrowingHandlersAreErrors) {
  const auto server = StartServer();
  EXPECT_THAT(Http(server->address(), "/hello", "DELETE"), StartsWith("HTTP/1.1 405"));
  const std::string broken = Http(server->address(), "/broken");
  EXPECT_THAT(broken, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(broken, HasSubstr("no luck"));
}

TEST(HttpServer, RefusesHugeHeadersAndGarbage) {
  const auto server = StartServer();
  EXPECT_THAT(Http(server->address(), "/" + std::string(20'000, 'a')), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(Http(server->address(), "/hello", "G(T"), StartsWith("HTTP/1.1 400"));
}

TEST(HttpServer, KeepsAConnectionForTheNextRequest) {
  const auto server = StartServer();
  const std::string address = server->address();
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  boost::asio::connect(socket,
                       boost::asio::ip::tcp::resolver(io).resolve("127.0.0.1", address.substr(address.rfind(':') + 1)));
  for (int i = 0; i < 2; ++i) {
    boost::asio::write(socket, boost::asio::buffer(std::string("GET /hello?again HTTP/1.1\r\nHost: test\r\n\r\n")));
    std::string answer;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(answer), "hello again");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  }
}

TEST(HttpServer, ACallHasABodyAndIsAnsweredLater) {
  const auto server = StartServer();
  const std::string answer = HttpSend(server->address(), {.path = "/echo/a", .body = "some text"});
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(BodyOf(answer), "POST /echo/a some text");
  EXPECT_THAT(HttpSend(server->address(), {.path = "/broken-call/"}),
              AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("no luck")));
  EXPECT_THAT(HttpSend(server->address(), {.path = "/hello", .method = "GET", .body = "text"}),
              StartsWith("HTTP/1.1 413"));
}

TEST(HttpServer, ABodyThatIsTooLongIsRefused) {
  const auto server = StartServer({.max_body_bytes = 1000});
  EXPECT_THAT(HttpSend(server->address(), {.path = "/echo/a", .body = std::string(1000, 'a')}),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(HttpSend(server->address(), {.path = "/echo/a", .body = std::string(1001, 'a')}),
              StartsWith("HTTP/1.1 413"));
}

// Of all requests together, until they are answered.
TEST(HttpServer, BodiesOfAllRequestsHaveRoomForSoManyBytes) {
  const std::string large(400'000, 'a');
  absl::Notification is_held;
  std::shared_ptr<HttpAnswer> held;
  HttpRoutes routes;
  routes.calls["/hold/"] = [&](const HttpRequest&, std::shared_ptr<HttpAnswer> answer) {
    held = std::move(answer);
    is_held.Notify();
  };
  routes.calls["/answer/"] = [](const HttpRequest&, const std::shared_ptr<HttpAnswer>& answer) { answer->Send({}); };
  const auto started =
      HttpServer::Start({.address = "127.0.0.1:0", .max_bytes_of_bodies = large.size()}, std::move(routes));
  ASSERT_TRUE(started.ok()) << started.status();
  const std::string address = (*started)->address();
  Client holder(address);
  holder.Send("POST /hold/ HTTP/1.1\r\nContent-Length: 400000\r\n\r\n" + large);
  is_held.WaitForNotification();
  const std::string refused = HttpSend(address, {.path = "/answer/", .body = large});
  EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 1")));
  EXPECT_THAT(HttpSend(address, {.path = "/answer/", .body = "little"}), StartsWith("HTTP/1.1 200"));
  std::exchange(held, nullptr)->Send({});
  EXPECT_THAT(holder.ReadUntil("\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(EventuallyAnswered(address, {.path = "/answer/", .body = large}, "HTTP/1.1 200"),
              StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, WhoWaitsDoesNotShutOthersOut) {
  const auto server = StartServer({.max_connections = 3});
  Client header(server->address()), body(server->address()), idle(server->address());
  header.Send("GET /hel");
  body.Send("POST /echo/a HTTP/1.1\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 6; ++i) EXPECT_THAT(Http(server->address(), "/hello"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(header.ReadUntil("\r\n"), "") << "closed";
}

// As proxies are asked; the Host beside it counts for nothing then.
TEST(HttpServer, ATargetMayBeAWholeUrl) {
  const auto server = StartServer({.admit = [](const HttpRequest& request) {
    return request.Header("host") == "evil.example" ? std::optional(HttpResponse{.status = 403}) : std::nullopt;
  }});
  EXPECT_THAT(Http(server->address(), "http://127.0.0.1:7071/hello?a=1"), HasSubstr("hello a=1"));
  EXPECT_THAT(Http(server->address(), "http://evil.example/hello"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(Http(server->address(), "http://localhost"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Http(server->address(), "/hello?next=http://elsewhere/"), HasSubstr("hello next=http://elsewhere/"));
}

TEST(HttpServer, WhatIsNotServedIsNotFoundWhateverIsSentThere) {
  const auto server = StartServer();
  EXPECT_THAT(HttpSend(server->address(), {.path = "/elsewhere", .body = "text"}), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(HttpSend(server->address(), {.path = "/elsewhere"}), StartsWith("HTTP/1.1 404"));
}

// curl asks before it sends a long body.
TEST(HttpServer, SaysGoOnToWhoWaitsForIt) {
  const auto server = StartServer();
  const std::string answer =
      HttpSend(server->address(), {.path = "/echo/a", .headers = {"Expect: 100-continue"}, .body = "long"});
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 100"), HasSubstr("HTTP/1.1 200"), HasSubstr("/echo/a long")));
}

TEST(HttpServer, AnAnswerMayComeInPieces) {
  const auto server = StartServer();
  const std::string answer = HttpSend(server->address(), {.path = "/count/"});
  EXPECT_THAT(answer, AllOf(HasSubstr("text/count"), HasSubstr("Transfer-Encoding: chunked")));
  EXPECT_EQ(BodyOf(answer), "from 0123");
}

TEST(HttpServer, WhoAnswersInPiecesHearsThatTheClientHasGone) {
  absl::Notification gone;
  HttpRoutes routes;
  routes.calls["/"] = [&](const HttpRequest&, const std::shared_ptr<HttpAnswer>& answer) {
    answer->Begin({.body = "first"});
    answer->OnGone([&gone] { gone.Notify(); });
  };
  auto server = HttpServer::Start({.address = "127.0.0.1:0"}, std::move(routes));
  ASSERT_TRUE(server.ok()) << server.status();
  HttpStream((*server)->address(), {.path = "/", .method = "GET"}).ReadUntil("first");
  EXPECT_TRUE(gone.WaitForNotificationWithTimeout(absl::Seconds(30)));
}

TEST(HttpServer, AnAnswerThatIsGivenIsTakenThoughTheServerEnds) {
  constexpr std::size_t kMoreThanSocketsHold = std::size_t{16} << 20;
  absl::Notification given;
  HttpRoutes routes;
  routes.calls["/"] = [&](const HttpRequest&, const std::shared_ptr<HttpAnswer>& answer) {
    answer->Begin({});
    answer->Write(std::string(kMoreThanSocketsHold, 'a'), [] {});
    answer->End();
    given.Notify();
  };
  auto server = HttpServer::Start({.address = "127.0.0.1:0"}, std::move(routes));
  ASSERT_TRUE(server.ok()) << server.status();
  HttpStream stream((*server)->address(), {.path = "/", .method = "GET"});
  std::thread ending([&] {
    given.WaitForNotification();
    server->reset();
  });
  EXPECT_EQ(BodyOf(stream.ReadToEnd()).size(), kMoreThanSocketsHold);
  ending.join();
}

TEST(HttpServer, WhoAnswersMayHoldTheAnswerLongerThanTheServerLives) {
  std::shared_ptr<HttpAnswer> held;
  HttpRoutes routes;
  routes.calls["/"] = [&](const HttpRequest&, const std::shared_ptr<HttpAnswer>& answer) {
    held = answer;
    answer->Send({.body = "whole"});
  };
  auto server = HttpServer::Start({.address = "127.0.0.1:0"}, std::move(routes));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(HttpSend((*server)->address(), {.path = "/", .method = "GET"}), HasSubstr("whole"));
  server->reset();
  held->OnGone([] {});
  held->Write("late", [] {});
  held->End();
  held.reset();
}

// Refuses strangers, and tells handlers the name of everybody else.
std::optional<HttpResponse> AdmitFriends(HttpRequest& request) {
  if (request.Header("x-who").empty()) {
    return HttpResponse{.status = 401, .body = "Strangers are not answered.", .headers = {{"X-Hint", "say who"}}};
  }
  request.admitted = absl::StrCat(request.Header("x-who"), " of ", request.peer);
  return std::nullopt;
}

TEST(HttpServer, WhoIsRefusedHearsWhyBeforeTheBodyIsRead) {
  const auto server = StartServer({.admit = AdmitFriends});
  for (const char* path : {"/hello", "/echo/a"}) {
    EXPECT_THAT(HttpSend(server->address(), {.path = path, .method = "GET"}),
                AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("X-Hint: say who"), HasSubstr("Connection: close"),
                      HasSubstr("Strangers are not answered.")));
    EXPECT_THAT(HttpSend(server->address(), {.path = path, .method = "GET", .headers = {"X-Who: ada"}}),
                StartsWith("HTTP/1.1 200"));
  }
  Client client(server->address());
  client.Send("POST /echo/a HTTP/1.1\r\nContent-Length: 100\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("answered."), StartsWith("HTTP/1.1 401"));
}

TEST(HttpServer, HandlersHearWhoWasAdmitted) {
  HttpRoutes routes;
  routes.pages["/"] = [](const HttpRequest& request) {
    return HttpResponse{.body = std::any_cast<std::string>(request.admitted)};
  };
  const auto server = HttpServer::Start({.address = "127.0.0.1:0", .admit = AdmitFriends}, std::move(routes));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(HttpSend((*server)->address(), {.path = "/", .method = "GET", .headers = {"X-Who: ada"}}),
              HasSubstr("ada of 127.0.0.1"));
}

TEST(HttpServer, ClosesASilentConnection) {
  const auto server = StartServer({.idle_seconds = 1});
  const std::string address = server->address();
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  boost::asio::connect(socket,
                       boost::asio::ip::tcp::resolver(io).resolve("127.0.0.1", address.substr(address.rfind(':') + 1)));
  std::string answer;
  boost::system::error_code end;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), end);  // returns because the server closes
  EXPECT_EQ(answer, "");
  EXPECT_EQ(end, boost::asio::error::eof);
}

TEST(HttpServer, WhoTakesAByteNowAndThenLosesTheConnection) {
  constexpr std::size_t kBytes = std::size_t{32} << 20;
  HttpRoutes routes;
  routes.pages["/large"] = [](const HttpRequest&) { return HttpResponse{.body = std::string(kBytes, 'x')}; };
  const auto server =
      HttpServer::Start({.address = "127.0.0.1:0", .idle_seconds = 1, .min_bytes_a_second = kBytes}, std::move(routes));
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = (*server)->address();
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  boost::asio::connect(socket,
                       boost::asio::ip::tcp::resolver(io).resolve("127.0.0.1", address.substr(address.rfind(':') + 1)));
  boost::asio::write(socket, boost::asio::buffer(std::string("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")));
  boost::system::error_code end;
  std::string taken;
  const auto slow_until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (!end && std::chrono::steady_clock::now() < slow_until) {
    char byte = 0;
    taken.append(boost::asio::read(socket, boost::asio::buffer(&byte, 1), end), 'x');
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  boost::asio::read(socket, boost::asio::dynamic_buffer(taken), end);
  EXPECT_LT(taken.size(), kBytes) << "the server waits for it no longer";
  EXPECT_THAT(Http(address, "/large"), StartsWith("HTTP/1.1 200")) << "who reads gets all of it";
}

TEST(HttpServer, SaysThatAPortIsInUseAndHowToChooseAnother) {
  const auto first = StartServer();
  const auto second = HttpServer::Start({.address = first->address()}, {});
  ASSERT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(first->address()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--http"));
}

TEST(HttpServer, TakesTheNextPortWhereItMay) {
  const auto first = StartServer();
  auto second = HttpServer::Start({.address = first->address(), .or_next_port = true}, {});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE((*second)->address(), first->address());
  EXPECT_THAT(Http((*second)->address(), "/"), StartsWith("HTTP/1.1 404"));
}

TEST(HttpServer, SaysWhatAnAddressLooksLike) {
  for (const char* address : {"7071", "localhost:", ":1", "localhost:70000"}) {
    EXPECT_EQ(HttpServer::Start({.address = address}, {}).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace ofsweep
