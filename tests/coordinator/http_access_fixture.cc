#include "tests/coordinator/http_access_fixture.h"

#include <chrono>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "access/secret_file.h"
#include "experiment/data_folder.h"

namespace ofsweep {
namespace {

std::unique_ptr<grpc::ClientContext> WithDeadline() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  return context;
}

}  // namespace

void HttpAccessTest::StartServer(ServerOptions options) {
  access_.reset();
  server_.reset();
  options.data_dir = folder_.path().string();
  options.grpc = options.http = "127.0.0.1:0";
  options.durability = Durability::kNormal;
  auto server = Server::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  access_ = v1::AccessService::NewStub(server_->InProcessChannel());
}

std::string HttpAccessTest::NewToken(const std::string& name, Role role, double valid_seconds) {
  v1::CreatePrincipalRequest request;
  request.set_name(name);
  request.set_role(std::string(RoleName(role)));
  request.set_valid_seconds(valid_seconds);
  v1::CreatePrincipalResponse response;
  const grpc::Status status = access_->CreatePrincipal(WithDeadline().get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.token();
}

void HttpAccessTest::Revoke(const std::string& name) {
  v1::RevokePrincipalRequest request;
  request.set_name(name);
  v1::RevokePrincipalResponse response;
  const grpc::Status status = access_->RevokePrincipal(WithDeadline().get(), request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

std::string HttpAccessTest::LoginCode() {
  v1::CreateLoginResponse response;
  const grpc::Status status = access_->CreateLogin(WithDeadline().get(), {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.code();
}

std::string HttpAccessTest::LocalToken() const {
  const auto token = ReadSecretFile(AccessTokenPath(folder_.path().string()));
  EXPECT_TRUE(token.ok()) << token.status();
  return token.value_or("");
}

int HttpAccessTest::StatusOf(const HttpCall& call) {
  const std::string response = Send(call);
  return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
}

std::string Bearer(const std::string& token) {
  return absl::StrCat("Authorization: Bearer ", token);
}

HttpCall LoginCall(const std::string& json) {
  return {.path = "/login", .headers = {"Content-Type: application/json"}, .body = json};
}

std::string HeaderLine(const std::string& response, const std::string& name) {
  const std::size_t begin = response.find(absl::StrCat("\r\n", name, ": "));
  if (begin == std::string::npos) return "";
  return response.substr(begin + 2, response.find("\r\n", begin + 2) - begin - 2);
}

std::string CookieAfter(const std::string& response) {
  const std::string line = HeaderLine(response, "Set-Cookie");
  if (line.empty()) return "";
  const std::size_t begin = line.find(' ') + 1;
  return absl::StrCat("Cookie: ", line.substr(begin, line.find(';') - begin));
}

}  // namespace ofsweep
