// SweepService over HTTP, as browsers and curl call it: connectrpc.com/docs/protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/connect_codec.h"
#include "google/rpc/error_details.pb.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kJson[] = "Content-Type: application/json";
constexpr char kProto[] = "Content-Type: application/proto";
constexpr char kStreamJson[] = "Content-Type: application/connect+json";
constexpr char kStreamProto[] = "Content-Type: application/connect+proto";

struct Envelope {
  int flags = 0;
  std::string message;
};

std::vector<Envelope> Envelopes(const std::string& body) {
  std::vector<Envelope> envelopes;
  for (std::size_t at = 0; at < body.size();) {
    std::size_t size = 0;
    for (std::size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(body.at(at + i));
    envelopes.push_back({body[at], body.substr(at + 5, size)});
    at += 5 + size;
  }
  return envelopes;
}

class ConnectTest : public ServerTest {
 protected:
  std::string Call(const std::string& method, HttpCall call) {
    call.path = absl::StrCat("/ofsweep.v1.SweepService/", method, call.path);
    return HttpSend(server_->http_address(), call);
  }
  std::string Post(const std::string& method, const std::string& type, const std::string& body) {
    return Call(method, {.headers = {type}, .body = body});
  }
  static nlohmann::json JsonOf(const std::string& response) { return nlohmann::json::parse(BodyOf(response)); }
};

TEST_F(ConnectTest, JsonIsAnsweredInJson) {
  Submit(SmallSweep("s"));
  const std::string response = Post("GetSweep", kJson, R"({"name": "s"})");
  EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(kJson)));
  EXPECT_EQ(JsonOf(response)["sweep"]["trials"]["pending"], 4);
}

TEST_F(ConnectTest, ProtobufIsAnsweredInProtobuf) {
  Submit(SmallSweep("s"));
  v1::GetSweepRequest request;
  request.set_name("s");
  const std::string response = Post("GetSweep", kProto, request.SerializeAsString());
  EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(kProto)));
  v1::GetSweepResponse answer;
  ASSERT_TRUE(answer.ParseFromString(BodyOf(response)));
  EXPECT_EQ(answer.sweep().trials().pending(), 4);
}

TEST_F(ConnectTest, WhatHasNoSideEffectsMayBeAskedByGet) {
  Submit(SmallSweep("s"));
  EXPECT_EQ(JsonOf(Call("GetSweep",
                        {.path = "?encoding=json&message=%7B%22name%22:%22s%22%7D", .method = "GET"}))["sweep"]["name"],
            "s");
  std::string message;
  absl::WebSafeBase64Escape(R"({"name":"s"})", &message);
  const std::string query = absl::StrCat("?connect=v1&encoding=json&base64=1&message=", message);
  EXPECT_EQ(JsonOf(Call("GetSweep", {.path = query, .method = "GET"}))["sweep"]["name"], "s");
  EXPECT_THAT(Call("CancelSweep", {.path = query, .method = "GET"}),
              AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("POST")));
  EXPECT_THAT(Call("GetSweep", {.path = "?message=x", .method = "GET"}), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(Call("GetSweep", {.method = "DELETE"}), StartsWith("HTTP/1.1 405"));
}

TEST_F(ConnectTest, AnErrorHasConnectsCodeAndTheDetails) {
  const std::string missing = Post("GetSweep", kJson, R"({"name": "none"})");
  EXPECT_THAT(missing, AllOf(StartsWith("HTTP/1.1 404"), HasSubstr(kJson)));
  EXPECT_EQ(JsonOf(missing)["code"], "not_found");

  const std::string wrong = Post("SubmitSweep", kJson, R"({"yaml": {"text": "name: s\ntrial: {modle.block: op}\n"}})");
  EXPECT_THAT(wrong, StartsWith("HTTP/1.1 400"));
  const nlohmann::json error = JsonOf(wrong);
  EXPECT_EQ(error["code"], "invalid_argument");
  EXPECT_EQ(error["details"][0]["type"], "google.rpc.BadRequest");
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(error["details"][0]["value"].get<std::string>(), &bytes));
  google::rpc::BadRequest details;
  ASSERT_TRUE(details.ParseFromString(bytes));
  EXPECT_EQ(details.field_violations(0).field(), "modle.block");
}

TEST_F(ConnectTest, AStreamEndsWithAnEnvelopeThatSaysHow) {
  const auto watch = [&](const std::string& sweep) {
    const std::string request = absl::StrCat(R"({"name": ")", sweep, R"("})");
    return Post("WatchSweep", kStreamJson, ConnectEnvelope(0, request));
  };
  Submit(SmallSweep("s"));
  v1::CancelSweepRequest cancel;
  cancel.set_name("s");
  v1::CancelSweepResponse cancelled;
  ASSERT_TRUE(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).ok());
  const std::string response = watch("s");
  EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(kStreamJson)));
  const std::vector<Envelope> envelopes = Envelopes(BodyOf(response));
  ASSERT_THAT(envelopes, SizeIs(testing::Ge(2)));
  EXPECT_EQ(nlohmann::json::parse(envelopes.front().message)["sweep"]["state"], "cancelled");
  EXPECT_EQ(envelopes.back().flags, kConnectEndOfStream);
  EXPECT_EQ(envelopes.back().message, "{}");

  const std::vector<Envelope> refused = Envelopes(BodyOf(watch("none")));
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(nlohmann::json::parse(refused[0].message)["error"]["code"], "not_found");
}

TEST_F(ConnectTest, WhatCannotBeReadIsToldInWords) {
  EXPECT_THAT(Post("GetSweep", "Content-Type: text/plain", "{}"),
              AllOf(StartsWith("HTTP/1.1 415"), HasSubstr("application/json")));
  EXPECT_THAT(Post("WatchSweep", kJson, "{}"), AllOf(StartsWith("HTTP/1.1 415"), HasSubstr("connect+json")));
  EXPECT_THAT(Post("GetSweep", kJson, R"({"nmae": "s"})"), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("nmae")));
  EXPECT_THAT(Post("GetSweep", kJson, "{"), StartsWith("HTTP/1.1 400"));
  const std::string broken = Post("GetSweep", kProto, "\x0a\x05s");  // five bytes of a name, of which there is one
  EXPECT_THAT(broken, StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(JsonOf(broken)["code"], "invalid_argument");
  EXPECT_THAT(JsonOf(broken)["message"].get<std::string>(), HasSubstr("ofsweep.v1.GetSweepRequest"));
  const std::string watched = Post("WatchSweep", kStreamProto, ConnectEnvelope(0, "\x0a\x05s"));
  EXPECT_THAT(Envelopes(BodyOf(watched)).at(0).message, HasSubstr("ofsweep.v1.WatchSweepRequest"));
  EXPECT_THAT(Post("GetSwep", kJson, "{}"), AllOf(StartsWith("HTTP/1.1 501"), HasSubstr("GetSweep")));
  const std::vector<Envelope> envelopes = Envelopes(BodyOf(Post("WatchSweep", kStreamJson, "{}")));
  EXPECT_THAT(envelopes.at(0).message, AllOf(HasSubstr("invalid_argument"), HasSubstr("envelope")));
  EXPECT_THAT(Call("GetSweep", {.headers = {kJson, "Content-Encoding: br"}, .body = "x"}), StartsWith("HTTP/1.1 501"));
  EXPECT_THAT(Call("GetSweep", {.headers = {kJson, "Content-Encoding: gzip"}, .body = "x"}),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Call("GetSweep", {.headers = {kJson, "Connect-Timeout-Ms: soon"}, .body = "{}"}),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("Connect-Timeout-Ms")));
}

// As protobuf's reader of JSON does, in time and memory that grow with a power of the depth.
TEST_F(ConnectTest, NestingThatGrpcDoesNotReadIsRefusedInWords) {
  const auto lists = [&](int depth) {
    return Post("SubmitSweep", kJson,
                absl::StrCat(R"({"spec":{"name":"deep","trial":{"a":)", std::string(depth, '['),
                             std::string(depth, ']'), "}}}"));
  };
  const auto objects = [&](int depth) {
    std::string trial = "1";
    for (int i = 0; i < depth; ++i) trial = absl::StrCat(R"({"a":)", trial, "}");
    return Post("SubmitSweep", kJson, absl::StrCat(R"({"spec":{"name":"deep","trial":)", trial, "}}"));
  };
  const auto begin = absl::Now();
  for (const int depth : {1, 20, 32, 33, 40, 46, 47, 48, 49, 50, 60, 97, 98, 200, 30'000}) {
    for (const std::string& answer : {lists(depth), objects(depth)}) {
      ASSERT_THAT(answer, StartsWith("HTTP/1.1 400")) << depth;
      EXPECT_EQ(JsonOf(answer)["code"], "invalid_argument") << depth;
      EXPECT_NE(JsonOf(answer)["message"], "") << depth;
    }
  }
  EXPECT_LT(absl::Now() - begin, absl::Seconds(20));
  // What gRPC reads arrives: the key is unknown, and no depth is complained of.
  EXPECT_THAT(lists(40), AllOf(HasSubstr("unknown key"), testing::Not(HasSubstr("deep for"))));
  EXPECT_THAT(lists(30'000), HasSubstr("more than 64 deep"));
}

TEST_F(ConnectTest, BracketsInStringsAreNoNesting) {
  const std::string brackets(200, '[');
  EXPECT_THAT(Post("GetSweep", kJson, absl::StrCat(R"({"name": "\"\\)", brackets, R"("})")),
              StartsWith("HTTP/1.1 404"));
  // protobuf takes single quotes too: a " in them begins no string.
  EXPECT_THAT(Post("GetSweep", kJson, absl::StrCat(R"({'"': )", brackets)), HasSubstr("more than 64 deep"));
}

TEST_F(ConnectTest, ErrorsOfHttpAreConnectsToo) {
  const std::vector<std::string> answers = {
      Post("QueryCurves", kJson, "{}"), Call("GetSweep", {.path = "?message=x", .method = "GET"}),
      Call("GetSweep", {.method = "DELETE"}), Post("GetSweep", "Content-Type: text/plain", "{}"),
      Post("x/y/GetSweep", kJson, "{}")};
  for (const std::string& answer : answers) {
    EXPECT_THAT(answer, HasSubstr(kJson));
    EXPECT_NE(JsonOf(answer)["code"], "") << answer;
    EXPECT_NE(JsonOf(answer)["message"], "") << answer;
  }
  EXPECT_THAT(answers.back(), StartsWith("HTTP/1.1 404"));
}

TEST_F(ConnectTest, AnEnvelopeHasNoFlagsThatMeanNothing) {
  const auto watch = [&](std::uint8_t flags, const std::vector<std::string>& headers) {
    HttpCall call{.headers = headers, .body = ConnectEnvelope(flags, R"({"name": "none"})")};
    call.headers.emplace_back(kStreamJson);
    return Envelopes(BodyOf(Call("WatchSweep", call))).at(0).message;
  };
  EXPECT_THAT(watch(kConnectCompressed, {}),
              AllOf(HasSubstr("invalid_argument"), HasSubstr("Connect-Content-Encoding")));
  EXPECT_THAT(watch(kConnectEndOfStream, {}), AllOf(HasSubstr("invalid_argument"), HasSubstr("flags")));
  EXPECT_THAT(watch(0x80, {}), HasSubstr("invalid_argument"));
  EXPECT_THAT(watch(0, {}), HasSubstr("not_found"));
}

TEST_F(ConnectTest, WorkersCallsAreNotServed) {
  EXPECT_THAT(HttpSend(server_->http_address(),
                       {.path = "/ofsweep.v1.WorkerService/Synchronize", .headers = {kJson}, .body = "{}"}),
              AllOf(testing::Not(StartsWith("HTTP/1.1 200")), testing::Not(StartsWith("HTTP/1.1 5"))));
}

// A page of somebody else's that a user has open must not cancel sweeps.
TEST_F(ConnectTest, OtherPagesAreRefusedAndMonitoringIsNot) {
  Submit(SmallSweep("s"));
  const HttpCall cancel{.headers = {kJson, "Origin: https://evil.example"}, .body = R"({"name": "s"})"};
  EXPECT_THAT(Call("CancelSweep", cancel), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("evil.example")));
  EXPECT_EQ(JsonOf(Post("GetSweep", kJson, R"({"name": "s"})"))["sweep"]["state"], "active");
  for (const char* path : {"/", "/ofsweep.v1.SweepService/ListSweeps"}) {
    EXPECT_THAT(HttpSend(server_->http_address(), {.path = path, .method = "GET", .headers = {"Host: evil.example"}}),
                StartsWith("HTTP/1.1 403"));
  }
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/sd/workers"}) {
    EXPECT_THAT(
        HttpSend(server_->http_address(), {.path = path, .method = "GET", .headers = {"Host: coordinator:7071"}}),
        StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(ConnectTest, ThePageIsThereAndMayLoadNothingFromElsewhere) {
  const std::string page = Http(server_->http_address(), "/");
  EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/html"), HasSubstr("default-src 'self'"),
                          HasSubstr("frame-ancestors 'none'")));
  const std::size_t at = page.find("ETag: ") + 6;
  const std::string version = page.substr(at, page.find('\r', at) - at);
  EXPECT_THAT(
      HttpSend(server_->http_address(), {.path = "/", .method = "GET", .headers = {"If-None-Match: " + version}}),
      StartsWith("HTTP/1.1 304"));
}

TEST_F(ConnectTest, AnOpenStreamIsEndedWithTheServer) {
  Submit(SmallSweep("s"));
  HttpStream watch(server_->http_address(), {.path = "/ofsweep.v1.SweepService/WatchSweep",
                                             .headers = {kStreamJson},
                                             .body = ConnectEnvelope(0, R"({"name": "s"})")});
  EXPECT_THAT(watch.ReadUntil("active"), HasSubstr("active"));
  server_->Shutdown();
  EXPECT_THAT(watch.ReadToEnd(), HasSubstr("unavailable"));
}

}  // namespace
}  // namespace ofsweep
