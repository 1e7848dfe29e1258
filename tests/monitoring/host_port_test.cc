#include "monitoring/host_port.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(HostPort, ReadsNamesAndAddressesAndWritesThemAgain) {
  for (const char* text : {"127.0.0.1:7071", "gpu-1.example:0", "localhost:65535", "[::1]:80", "[fe80::1]:1"}) {
    const auto address = ParseHostPort(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(ToText(*address), text);
  }
  EXPECT_EQ(ParseHostPort("[::1]:80")->host, "::1");
  EXPECT_EQ(ParseHostPort("[::1]:80")->port, 80);
}

TEST(HostPort, RefusesWhatIsNone) {
  for (const char* text : {"", "host", "host:", ":80", "host:65536", "host:-1", "host: 1", "host:1x", "::1:80", "[::1]",
                           "[]:80", "[host]:80", "ho st:80", "http://host:80", "host/x:80", "\"host\":80"}) {
    EXPECT_FALSE(ParseHostPort(text)) << text;
  }
  EXPECT_FALSE(ParseHostPort(std::string(300, 'a') + ":80"));
}

// A name that only begins like the address is somebody else's.
TEST(HostPort, ThisMachineIsItsLoopbackAlone) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) EXPECT_TRUE(IsLoopback(host)) << host;
  for (const char* host :
       {"", "127.example.org", "localhost.example.org", "0.0.0.0", "::", "10.0.0.1", "::2", "host"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

}  // namespace
}  // namespace ofsweep
