// Who may ask what over HTTP: every kind of path, by every role, with good, missing, wrong, expired and revoked
// credentials.
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "access/token.h"
#include "coordinator/http_access.h"
#include "tests/access/certificates.h"
#include "tests/coordinator/http_access_fixture.h"
#include "tests/monitoring/https_client.h"
#include "tests/wait_until.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr Role kRoles[] = {Role::kScrape, Role::kRead, Role::kSubmit, Role::kWork, Role::kProvision, Role::kAdmin};

HttpCall Rpc(const std::string& method, std::vector<std::string> headers = {}) {
  headers.emplace_back("Content-Type: application/json");
  return {.path = absl::StrCat("/ofsweep.v1.SweepService/", method), .headers = std::move(headers), .body = "{}"};
}

HttpCall Page(const std::string& path) {
  return {.path = path, .method = "GET"};
}

struct Door {
  HttpCall call;
  std::optional<Role> needed;  // none: open to all
  int answer = 200;            // to who may
};

std::vector<Door> AllDoors() {
  std::vector<Door> doors = {
      {Page("/"), {}},
      {Page("/page.js"), {}},
      {Page("/page.css"), {}},
      {Page("/healthz"), {}},
      {Page("/readyz"), {}},
      {Page("/elsewhere"), {}, 404},
      {Page("/ofsweep.v1.AccessService/ListPrincipals"), {}, 404},
      {Page("/login"), {}, 405},
      {{.path = "/logout"}, {}, 204},
      {Page("/metrics"), Role::kScrape},
      {Page("/sd/workers"), Role::kScrape},
      {Rpc("ListSweeps"), Role::kRead},
      {Page("/ofsweep.v1.SweepService/ListSweeps?encoding=json&message=%7B%7D"), Role::kRead},
      {Rpc("GetSweep"), Role::kRead, 404},
      {Rpc("CancelSweep"), Role::kSubmit, 404},
      {Rpc("NoSuchCall"), Role::kAdmin, 501},
  };
  HttpCall stream = Rpc("WatchSweep");
  stream.headers = {"Content-Type: application/connect+json"};
  doors.push_back({stream, Role::kRead});
  return doors;
}

TEST_F(HttpAccessTest, EachDoorOpensToItsRolesAlone) {
  for (const Role role : kRoles) {
    const std::string token = NewToken(absl::StrCat("a-", std::string(RoleName(role))), role);
    for (Door door : AllDoors()) {
      door.call.headers.push_back(Bearer(token));
      const bool may = !door.needed || Holds(role, *door.needed);
      EXPECT_EQ(StatusOf(door.call), may ? door.answer : 403) << RoleName(role) << " " << door.call.path;
    }
  }
}

TEST_F(HttpAccessTest, WithoutGoodCredentialsOnlyOpenDoorsOpen) {
  const std::string expired = NewToken("expired", Role::kAdmin, 0.001);
  const std::string revoked = NewToken("revoked", Role::kAdmin);
  Revoke("revoked");
  ASSERT_TRUE(
      WaitUntil([&] { return StatusOf({.path = "/metrics", .method = "GET", .headers = {Bearer(expired)}}) == 401; }));
  const std::string cookie = absl::StrCat("Cookie: ofsweep-", server_->database_id().substr(0, 8), "=");
  const std::vector<std::vector<std::string>> credentials = {
      {},
      {Bearer("ofsweep_wrong")},
      {Bearer(expired)},
      {Bearer(revoked)},
      {"Authorization: Basic YWRhOmFkYQ=="},
      {"Authorization: Bearer"},
      {cookie + "bG9jYWw.9999999999999.00"},
      {cookie},
      {cookie + LocalToken()},
      // A caller can be claimed over the in-process channel alone.
      {"ofsweep-caller: local", "ofsweep-caller-role: admin", "ofsweep-caller-peer: "},
  };
  for (const std::vector<std::string>& headers : credentials) {
    for (Door door : AllDoors()) {
      door.call.headers.insert(door.call.headers.end(), headers.begin(), headers.end());
      EXPECT_EQ(StatusOf(door.call), door.needed ? 401 : door.answer)
          << (headers.empty() ? "nothing" : headers.front()) << " " << door.call.path;
    }
  }
}

TEST_F(HttpAccessTest, ARefusalSaysWhatToDoAndNoSecret) {
  const std::string nobody = Send(Rpc("ListSweeps"));
  EXPECT_THAT(nobody, AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("WWW-Authenticate: Bearer"),
                            HasSubstr("Content-Type: application/json")));
  const auto error = nlohmann::json::parse(BodyOf(nobody));
  EXPECT_EQ(error["code"], "unauthenticated");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("access-token"));

  const std::string reader = NewToken("reader", Role::kRead);
  const std::string refused = Send(Rpc("CancelSweep", {Bearer(reader)}));
  EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("CancelSweep needs the role submit"),
                             Not(HasSubstr(reader)), Not(HasSubstr("WWW-Authenticate"))));
  EXPECT_EQ(nlohmann::json::parse(BodyOf(refused))["code"], "permission_denied");
  EXPECT_THAT(Send(Rpc("ListSweeps", {Bearer("ofsweep_secret")})), Not(HasSubstr("ofsweep_secret")));
  EXPECT_THAT(Send(Page("/metrics")), AllOf(HasSubstr("text/plain"), HasSubstr("WWW-Authenticate: Bearer")));
}

// 100 bytes are said to come, and none does.
TEST_F(HttpAccessTest, TheRefusalComesBeforeTheBody) {
  HttpCall call = Rpc("SubmitSweep");
  call.headers.push_back("Content-Length: 100");
  call.body.clear();
  EXPECT_THAT(Send(call), StartsWith("HTTP/1.1 401"));
}

TEST_F(HttpAccessTest, TheDataFoldersTokenIsAnAdmins) {
  const std::string session = Send({.path = "/session", .method = "GET", .headers = {Bearer(LocalToken())}});
  EXPECT_EQ(nlohmann::json::parse(BodyOf(session)),
            nlohmann::json::parse(R"({"name": "local", "role": "admin", "asks": true})"));
}

// It owns the sweep: the bridge has said who it is.
TEST_F(HttpAccessTest, ACallOverHttpIsMadeAsItsCaller) {
  const std::string ada = NewToken("ada", Role::kSubmit);
  const std::string bob = NewToken("bob", Role::kSubmit);
  const nlohmann::json sweep = {
      {"yaml", {{"text", "name: s\ntrial: {train.steps: 20, train.device: cpu}\ngrid: {seed: [0, 1]}\n"}}}};
  HttpCall submit = Rpc("SubmitSweep", {Bearer(ada), "ofsweep-caller: bob"});
  submit.body = sweep.dump();
  EXPECT_THAT(Send(submit), StartsWith("HTTP/1.1 200"));
  HttpCall show = Rpc("GetSweep", {Bearer(bob)});
  show.body = R"({"name": "s"})";
  EXPECT_EQ(nlohmann::json::parse(BodyOf(Send(show)))["sweep"]["owner"], "ada");
  HttpCall cancel = Rpc("CancelSweep", {Bearer(bob), "ofsweep-caller: ada"});
  cancel.body = show.body;
  EXPECT_THAT(Send(cancel), StartsWith("HTTP/1.1 403"));
  cancel.headers = Rpc("", {Bearer(ada)}).headers;
  EXPECT_THAT(Send(cancel), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpAccessTest, InsecureLetsAnybodyDoEverything) {
  StartServer({.access = {.insecure = true}});
  for (const Door& door : AllDoors()) EXPECT_EQ(StatusOf(door.call), door.answer) << door.call.path;
  EXPECT_EQ(nlohmann::json::parse(BodyOf(Send(Page("/session")))),
            nlohmann::json::parse(R"({"name": "anyone", "role": "admin", "asks": false})"));
  EXPECT_EQ(StatusOf(LoginCall(R"({"token": "whatever"})")), 200);
}

class StoppedClock final : public Clock {
 public:
  TimeMs Now() const override { return 1; }
};

TEST(HttpQuota, RequestsOfACallerCountAsThoseOverGrpcDo) {
  const StoppedClock clock;
  const AccessBook book({{.name = "alice", .role = Role::kRead, .token_hash = HashOfToken("alices")},
                         {.name = "bob", .role = Role::kRead, .token_hash = HashOfToken("bobs")}},
                        "local");
  RequestQuota quota({.any = {.a_second = 1, .at_once = 2}});
  const CallAdmission admission(&book, clock, quota);
  LoginCodes codes;
  const HttpAccess access({.admission = admission,
                           .login = {.book = book, .codes = codes, .clock = clock, .cookie = "c"},
                           .rpcs = "/ofsweep.v1.SweepService/",
                           .own_names = {}});
  const auto status_of = [&access](const std::string& token) {
    HttpRequest request{.method = "POST",
                        .path = "/ofsweep.v1.SweepService/ListSweeps",
                        .headers = {{"authorization", "Bearer " + token}}};
    const std::optional<HttpResponse> refusal = access.Admit(request);
    return refusal ? refusal->status : 200;
  };
  EXPECT_EQ(status_of("alices"), 200);
  EXPECT_EQ(status_of("alices"), 200);
  EXPECT_EQ(status_of("alices"), 429);
  EXPECT_EQ(status_of("bobs"), 200);
}

class HttpsAccessTest : public HttpAccessTest {
 protected:
  HttpsAccessTest() : authority_(certificates_.path()), files_(authority_.Issue("server", "IP:127.0.0.1")) {}
  void SetUp() override {
    files_.authorities = authority_.authority();
    StartServer({.access = {.tls = files_}});
  }
  std::string SendAs(const std::string& name, HttpCall call) {
    TlsFiles files;
    if (!name.empty()) files = authority_.Issue("client", "URI:" + name);
    files.authorities = authority_.authority();
    return HttpsSend(server_->http_address(), {.files = files}, call);
  }

  TemporaryFolder certificates_;
  Certificates authority_;
  TlsFiles files_;
};

TEST_F(HttpsAccessTest, ACertificateIsItsPrincipal) {
  NewToken("spiffe://lab/reader", Role::kRead);
  EXPECT_THAT(SendAs("", Rpc("ListSweeps")), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(SendAs("spiffe://lab/reader", Rpc("ListSweeps")), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(SendAs("spiffe://lab/reader", Rpc("CancelSweep")), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(SendAs("spiffe://lab/nobody", Rpc("ListSweeps")),
              AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("spiffe://lab/nobody")));
  EXPECT_THAT(SendAs("spiffe://lab/reader", Rpc("CancelSweep", {Bearer(LocalToken())})), StartsWith("HTTP/1.1 404"))
      << "a token counts more";
  Revoke("spiffe://lab/reader");
  EXPECT_THAT(SendAs("spiffe://lab/reader", Rpc("ListSweeps")), StartsWith("HTTP/1.1 401"));
}

TEST_F(HttpsAccessTest, TheCookieGoesOverTlsAlone) {
  const std::string login = SendAs("", LoginCall(absl::StrCat(R"({"token": ")", LocalToken(), R"("})")));
  EXPECT_THAT(HeaderLine(login, "Set-Cookie"), HasSubstr("; Secure"));
  EXPECT_THAT(SendAs("", Rpc("ListSweeps", {CookieAfter(login)})), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace ofsweep
