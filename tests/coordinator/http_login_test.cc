// How browsers log in, and what their cookies are good for.
#include "coordinator/http_login.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "access/token.h"
#include "tests/coordinator/http_access_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SetClock final : public Clock {
 public:
  TimeMs Now() const override { return now; }
  TimeMs now = TimeMs{1'700'000'000'000};
};

// By hand: what depends on the time.
class HttpLoginTest : public ::testing::Test {
 protected:
  HttpLoginTest() { Put("ada", "token of ada", Role::kRead); }

  void Put(const std::string& name, const std::string& token, Role role, TimeMs expires_at = 0) {
    book_.Put({.name = name, .role = role, .token_hash = HashOfToken(token), .expires_at = expires_at});
  }
  HttpResponse LogIn(const std::string& json, const std::string& peer = "10.0.0.1") {
    HttpRequest request{.method = "POST", .path = "/login", .body = json, .peer = peer};
    request.headers["content-type"] = "application/json; charset=utf-8";
    return login_.Begin(request);
  }
  // The request of a browser that got that answer.
  static HttpRequest After(const HttpResponse& response) {
    HttpRequest request;
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") request.headers["cookie"] = absl::StrCat("a=1; ", value.substr(0, value.find(';')));
    }
    return request;
  }

  SetClock clock_;
  AccessBook book_{{}, "local token"};
  LoginCodes codes_;
  HttpLogin login_{{.book = book_, .codes = codes_, .clock = clock_, .cookie = "c"}};
};

TEST_F(HttpLoginTest, ASessionEndsAfterTwelveHours) {
  const HttpRequest browser = After(LogIn(R"({"token": " token of ada\n"})"));
  clock_.now += kSessionMs - 1;
  ASSERT_TRUE(login_.CallerOf(browser).ok());
  EXPECT_EQ(login_.CallerOf(browser)->name, "ada");
  clock_.now += 1;
  EXPECT_EQ(login_.CallerOf(browser).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(HttpLoginTest, ASessionEndsWithItsToken) {
  Put("bob", "token of bob", Role::kSubmit, clock_.now + 1000);
  const HttpRequest ada = After(LogIn(R"({"token": "token of ada"})"));
  const HttpRequest bob = After(LogIn(R"({"token": "token of bob"})"));
  EXPECT_TRUE(login_.CallerOf(bob).ok());
  clock_.now += 1000;
  EXPECT_FALSE(login_.CallerOf(bob).ok()) << "it has expired";
  Put("ada", "another token of ada", Role::kAdmin);
  EXPECT_FALSE(login_.CallerOf(ada).ok()) << "another one took its place";
}

TEST_F(HttpLoginTest, NoPartOfACookieCanBeChanged) {
  const HttpRequest browser = After(LogIn(R"({"token": "token of ada"})"));
  const std::string cookie = browser.Header("cookie");
  for (std::size_t i = cookie.find("c="); i < cookie.size(); ++i) {
    HttpRequest forged = browser;
    forged.headers["cookie"][i] = cookie[i] == '1' ? '2' : '1';
    EXPECT_FALSE(login_.CallerOf(forged).ok()) << i;
  }
}

TEST_F(HttpLoginTest, ACookieIsOfOneDataFolder) {
  const HttpRequest browser = After(LogIn(R"({"token": "token of ada"})"));
  AccessBook book({}, "another local token");
  book.Put({.name = "ada", .role = Role::kRead, .token_hash = HashOfToken("token of ada")});
  const HttpLogin other({.book = book, .codes = codes_, .clock = clock_, .cookie = "c"});
  EXPECT_FALSE(other.CallerOf(browser).ok());
}

// Browsers call a page on another port of this machine the same site.
TEST_F(HttpLoginTest, ACookieCountsInRequestsOfItsOwnPage) {
  HttpRequest browser = After(LogIn(R"({"token": "token of ada"})"));
  for (const std::string site : {"same-site", "cross-site"}) {
    browser.headers["sec-fetch-site"] = site;
    EXPECT_FALSE(login_.HasSession(browser)) << site;
    EXPECT_FALSE(login_.CallerOf(browser).ok()) << site;
  }
  for (const std::string site : {"same-origin", "none"}) {
    browser.headers["sec-fetch-site"] = site;
    EXPECT_TRUE(login_.CallerOf(browser).ok()) << site;
  }
}

TEST_F(HttpLoginTest, ACodeIsGoodOnceForTwelveHoursAndWithItsToken) {
  const auto json = [this](const std::string& name) {
    return absl::StrCat(R"({"code": ")", codes_.Create({.name = name, .token_hash = book_.HashOf(name)}, clock_.now),
                        R"("})");
  };
  const std::string code = json("ada");
  EXPECT_EQ(LogIn(code).status, 200);
  const HttpResponse again = LogIn(code);
  EXPECT_EQ(again.status, 401);
  EXPECT_THAT(again.body, AllOf(HasSubstr("used before"), HasSubstr("ofsweep login")));
  const std::string old = json("ada");
  clock_.now += TimeMs{12} * 3600 * 1000 + 1;
  EXPECT_EQ(LogIn(old).status, 401);
  const std::string replaced = json("ada");
  Put("ada", "another token of ada", Role::kAdmin);
  EXPECT_EQ(LogIn(replaced).status, 401);
}

TEST_F(HttpLoginTest, WhoFailsTooOftenWaits) {
  for (int i = 0; i < LoginLimit::kFailuresOfPeer; ++i) {
    EXPECT_EQ(LogIn(absl::StrCat(R"({"token": ")", i, R"("})")).status, 401);
  }
  const HttpResponse wait = LogIn(R"({"token": "token of ada"})");
  EXPECT_EQ(wait.status, 429);
  EXPECT_THAT(wait.headers, ::testing::Contains(::testing::Pair("Retry-After", "60")));
  EXPECT_EQ(LogIn(R"({"token": "token of ada"})", "10.0.0.2").status, 200) << "from elsewhere";
  clock_.now += 60'000;
  EXPECT_EQ(LogIn(R"({"token": "token of ada"})").status, 200);
  for (int i = 0; i < LoginLimit::kFailuresInAll; ++i) LogIn(R"({"token": "a"})", absl::StrCat("peer ", i / 5));
  EXPECT_EQ(LogIn(R"({"token": "token of ada"})", "10.0.0.9").status, 429);
}

TEST_F(HttpLoginTest, WhatIsNoLoginIsRefused) {
  for (const char* json : {"", "token", "[]", "{}", R"({"token": 1})", R"({"token": "a", "code": "b"})"}) {
    EXPECT_EQ(LogIn(json).status, 400) << json;
  }
  HttpRequest form{.method = "POST", .path = "/login", .body = R"({"token": "token of ada"})"};
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded"}) {
    form.headers["content-type"] = type;
    EXPECT_EQ(login_.Begin(form).status, 415) << type;
  }
}

TEST_F(HttpLoginTest, WhoMaySeeNothingIsToldSo) {
  Put("worker", "token of a worker", Role::kWork);
  const HttpResponse response = LogIn(R"({"token": "token of a worker"})");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("needs the role read"));
}

using HttpLoginServerTest = HttpAccessTest;

std::string TokenJson(const std::string& token) {
  return absl::StrCat(R"({"token": ")", token, R"("})");
}

TEST_F(HttpLoginServerTest, TheCookieIsNotForScriptsAndNotForOtherSites) {
  const std::string token = NewToken("ada", Role::kRead);
  const std::string login = Send(LoginCall(TokenJson(token)));
  EXPECT_THAT(login, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("name":"ada","role":"read")"),
                           Not(HasSubstr(token)), Not(HasSubstr(HashOfToken(token)))));
  const std::string cookie = HeaderLine(login, "Set-Cookie");
  EXPECT_THAT(cookie, AllOf(HasSubstr(absl::StrCat("ofsweep-", server_->database_id().substr(0, 8), "=")),
                            HasSubstr("; HttpOnly"), HasSubstr("; SameSite=Strict"), HasSubstr("; Path=/"),
                            HasSubstr("; Max-Age=43200"), Not(HasSubstr("Secure"))));
}

TEST_F(HttpLoginServerTest, ALinkLogsInAndLogoutForgets) {
  const std::string login = Send(LoginCall(absl::StrCat(R"({"code": ")", LoginCode(), R"("})")));
  const std::string cookie = CookieAfter(login);
  EXPECT_THAT(Send({.path = "/session", .method = "GET", .headers = {cookie}}), HasSubstr(R"("name":"local")"));
  const std::string logout = Send({.path = "/logout", .headers = {cookie}});
  EXPECT_THAT(HeaderLine(logout, "Set-Cookie"), HasSubstr("=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"));
  EXPECT_EQ(StatusOf({.path = "/session", .method = "GET", .headers = {CookieAfter(logout)}}), 401);
}

TEST_F(HttpLoginServerTest, ASessionOutlivesARestartAndEndsWithRevocation) {
  const std::string cookie = CookieAfter(Send(LoginCall(TokenJson(NewToken("ada", Role::kRead)))));
  const HttpCall metrics{.path = "/metrics", .method = "GET", .headers = {cookie}};
  EXPECT_EQ(StatusOf(metrics), 200);
  StartServer({});
  EXPECT_EQ(StatusOf(metrics), 200);
  Revoke("ada");
  EXPECT_EQ(StatusOf(metrics), 401);
}

TEST_F(HttpLoginServerTest, PagesOfOthersCanNeitherLogInNorAct) {
  HttpCall login = LoginCall(TokenJson(LocalToken()));
  const std::string cookie = CookieAfter(Send(login));
  login.headers.push_back("Origin: http://evil.example");
  EXPECT_EQ(StatusOf(login), 403);
  EXPECT_EQ(StatusOf({.path = "/logout", .headers = {cookie, "Origin: http://evil.example"}}), 403);
  const std::string path = "/ofsweep.v1.SweepService/ListSweeps";
  EXPECT_EQ(StatusOf({.path = path,
                      .headers = {cookie, "Content-Type: application/json", "Origin: http://evil.example"},
                      .body = "{}"}),
            403);
  EXPECT_EQ(StatusOf({.path = path, .headers = {cookie, "Content-Type: text/plain"}, .body = "{}"}), 415);
  const HttpCall read{.path = path + "?encoding=json&message=%7B%7D",
                      .method = "GET",
                      .headers = {cookie, "Sec-Fetch-Site: same-site"}};
  EXPECT_EQ(StatusOf(read), 401);
  EXPECT_THAT(Send({.path = read.path, .method = "GET", .headers = {cookie, "Sec-Fetch-Site: same-origin"}}),
              AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("Access-Control"))));
  EXPECT_EQ(StatusOf({.path = read.path, .method = "OPTIONS", .headers = {cookie}}), 405) << "no preflight";
}

TEST_F(HttpLoginServerTest, ALargeLoginIsNotRead) {
  HttpCall login = LoginCall("");
  login.headers.push_back("Content-Length: 5000");
  EXPECT_EQ(StatusOf(login), 413);
  login.headers.back() = "Transfer-Encoding: chunked";
  EXPECT_EQ(StatusOf(login), 413);
}

}  // namespace
}  // namespace ofsweep
