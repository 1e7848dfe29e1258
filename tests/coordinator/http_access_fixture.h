#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "access/role.h"
#include "coordinator/server.h"
#include "ofsweep/v1/access.grpc.pb.h"
#include "tests/monitoring/http_client.h"
#include "tests/temporary_folder.h"

namespace ofsweep {

// A real coordinator that asks who calls, and an admin beside it.
class HttpAccessTest : public ::testing::Test {
 protected:
  void SetUp() override { StartServer({}); }
  // The folder and the ports are filled in.
  void StartServer(ServerOptions options);

  // Of a new principal; 0 seconds: for ever.
  std::string NewToken(const std::string& name, Role role, double valid_seconds = 0);
  void Revoke(const std::string& name);
  // For the data folder's token.
  std::string LoginCode();
  std::string LocalToken() const;

  std::string Send(const HttpCall& call) { return HttpSend(server_->http_address(), call); }
  // The answer's status alone.
  int StatusOf(const HttpCall& call);

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::AccessService::Stub> access_;
};

// "Authorization: Bearer TOKEN"
std::string Bearer(const std::string& token);

// POST /login with that JSON.
HttpCall LoginCall(const std::string& json);

// The header "Cookie: …" that a browser sends after an answer with a Set-Cookie; "" without one.
std::string CookieAfter(const std::string& response);

// The line of that header; "" without one.
std::string HeaderLine(const std::string& response, const std::string& name);

}  // namespace ofsweep
