#include "monitoring/http_origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

using testing::HasSubstr;

std::string Why(const std::string& host, const std::string& origin = "") {
  HttpRequest request;
  if (!host.empty()) request.headers["host"] = host;
  if (!origin.empty()) request.headers["origin"] = origin;
  return WhyForeign(request, {"Gpu-Login.example.org"});
}

TEST(HttpOrigin, AnAddressLocalhostAndOwnNamesAreOursOnAnyPort) {
  for (const char* host : {"127.0.0.1:7071", "192.0.2.7:80", "[::1]:7071", "localhost", "localhost:9999", "LOCALHOST:1",
                           "ofsweep.localhost:7071", "gpu-login.example.org:7071", ""}) {
    EXPECT_EQ(Why(host), "") << host;
  }
}

// A page of evil.example whose name was made to point at this machine.
TEST(HttpOrigin, AnotherNameIsNot) {
  EXPECT_THAT(Why("evil.example:7071"), testing::AllOf(HasSubstr("evil.example"), HasSubstr("--http-host")));
  EXPECT_NE(Why("localhost.evil.example"), "");
  EXPECT_NE(Why("127.0.0.1.evil.example:7071"), "");
  for (const char* malformed :
       {"[::1", "[127.0.0.1]evil.com", "[::1]x:1", "127.0.0.1:80evil.com", "localhost:1@evil.com"}) {
    EXPECT_NE(Why(malformed), "") << malformed;
  }
}

TEST(HttpOrigin, APageMayOnlyAskItsOwnServer) {
  EXPECT_EQ(Why("localhost:7071", "http://localhost:7071"), "");
  EXPECT_EQ(Why("gpu-login.example.org", "https://GPU-login.example.org"), "") << "behind a proxy that speaks TLS";
  for (const char* origin : {"http://localhost:8080", "https://evil.example", "null", "http://localhost"}) {
    EXPECT_THAT(Why("localhost:7071", origin), HasSubstr(origin));
  }
}

}  // namespace
}  // namespace ofsweep
