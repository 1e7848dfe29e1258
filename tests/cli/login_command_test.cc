// `ofsweep login`, and what `coordinator` says of its page.

#include <gmock/gmock.h>

#include <sstream>

#include "access/secret_file.h"
#include "cli/command_line.h"
#include "cli/login_link.h"
#include "experiment/data_folder.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class LoginCommand : public ServerTest {
 protected:
  void SetUp() override { StartServer({}, Access::kAsked); }

  std::string Page() const { return "http://" + server_->http_address() + "/"; }
};

TEST_F(LoginCommand, PrintsALinkThatLogsInOnceAsItsCaller) {
  const std::string token_file = AccessTokenPath(folder_.path().string());
  const std::string coordinator = server_->grpc_address();
  const char* words[] = {"ofsweep", "login", "--coordinator", coordinator.c_str(), "--token-file", token_file.c_str()};
  std::ostringstream out, err;
  ASSERT_EQ(CommandLine(6, words, {out, err}), 0) << err.str();
  const std::string link = out.str();
  ASSERT_THAT(link, MatchesRegex(Page() + "#login=[0-9a-f]+\n"));
  const std::string code = link.substr(link.find('=') + 1, link.size() - link.find('=') - 2);
  const HttpCall login{
      .path = "/login", .headers = {"Content-Type: application/json"}, .body = R"({"code": ")" + code + R"("})"};
  EXPECT_THAT(HttpSend(server_->http_address(), login), HasSubstr(R"("name":"local")"));
  EXPECT_THAT(HttpSend(server_->http_address(), login), StartsWith("HTTP/1.1 401"));
}

TEST_F(LoginCommand, OnATerminalAloneThePageHasACode) {
  EXPECT_EQ(PageAddress(*server_, {}, /*is_terminal=*/false), Page());
  EXPECT_THAT(PageAddress(*server_, {}, /*is_terminal=*/true), StartsWith(Page() + "#login="));
  EXPECT_THAT(PageAddress(*server_, {.insecure = true}, /*is_terminal=*/true), EndsWith("/"));
}

}  // namespace
}  // namespace ofsweep
