#include "cli/doctor.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "host/unique_fd.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Check Find(const std::vector<Check>& checks, const std::string& what) {
  for (const Check& check : checks) {
    if (check.what == what) return check;
  }
  ADD_FAILURE() << "no check of " << what;
  return {};
}

// A socket that listens on a free port of this machine.
struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd.get(), 1), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }

  UniqueFd fd;
  std::uint16_t port = 0;
};

TEST(Doctor, APortThatIsInUseIsToldWithItsProcess) {
  std::uint16_t port = 0;
  {
    const Listener listener;
    port = listener.port;
    EXPECT_THAT(ListenerOf(port), EndsWith(", process " + std::to_string(::getpid())));
    const Check check = Find(Examine({.data_dir = ".", .ports = {port}}), "port " + std::to_string(port));
    EXPECT_EQ(check.verdict, Verdict::kWarning);
    EXPECT_THAT(check.fix, HasSubstr("--grpc"));
  }
  EXPECT_EQ(ListenerOf(port), "");
}

TEST(Doctor, AFolderThatIsNotThereYetIsJudgedByTheOneAboveIt) {
  const Check disk = Find(Examine({.data_dir = testing::TempDir() + "/not/yet"}), "disk");
  EXPECT_NE(disk.verdict, Verdict::kMissing);
  EXPECT_THAT(disk.found, AllOf(HasSubstr("free"), Not(HasSubstr("yet"))));
  EXPECT_FALSE(std::filesystem::exists(testing::TempDir() + "/not"));
}

TEST(Doctor, WhatIsNotInOrderHasAWayToMendIt) {
  for (const Check& check : Examine({.data_dir = "/proc/none"})) {
    EXPECT_EQ(check.verdict == Verdict::kOk, check.fix.empty()) << check.what;
    EXPECT_THAT(check.found, Not(IsEmpty())) << check.what;
  }
  EXPECT_EQ(Find(Examine({.data_dir = "/proc/none"}), "disk").verdict, Verdict::kMissing);
}

}  // namespace
}  // namespace ofsweep
