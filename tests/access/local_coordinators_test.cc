#include "access/local_coordinators.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

class LocalCoordinatorsTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("XDG_STATE_HOME", folder_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("XDG_STATE_HOME"); }

  std::string TokenFile(const std::string& name) const { return folder_.Write(name, "a token\n").string(); }

  TemporaryFolder folder_;
};

TEST_F(LocalCoordinatorsTest, ThePortLeadsToTheTokenOfWhoNotedItLast) {
  EXPECT_EQ(LocalTokenFile(7070), "");
  const std::string first = TokenFile("first");
  const std::string second = TokenFile("second");
  NoteLocalCoordinator(7070, first);
  NoteLocalCoordinator(7080, first);
  NoteLocalCoordinator(7070, second);
  EXPECT_EQ(LocalTokenFile(7070), second);
  EXPECT_EQ(LocalTokenFile(7080), first);
}

TEST_F(LocalCoordinatorsTest, WhoStopsTakesItsOwnNoteAway) {
  const std::string first = TokenFile("first");
  const std::string second = TokenFile("second");
  NoteLocalCoordinator(7070, first);
  NoteLocalCoordinator(7070, second);
  ForgetLocalCoordinator(7070, first);
  EXPECT_EQ(LocalTokenFile(7070), second);
  ForgetLocalCoordinator(7070, second);
  EXPECT_EQ(LocalTokenFile(7070), "");
}

TEST_F(LocalCoordinatorsTest, WhatKilledCoordinatorsLeftGoesWithTheirFolders) {
  const std::string gone = TokenFile("gone");
  NoteLocalCoordinator(7070, gone);
  std::filesystem::remove(gone);
  NoteLocalCoordinator(7080, TokenFile("here"));
  EXPECT_EQ(LocalTokenFile(7070), "");
}

// A socket of this test that listens.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(fd_, 1);
  }
  ~Listener() { ::close(fd_); }
  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

 private:
  const int fd_;
};

TEST_F(LocalCoordinatorsTest, ATokenIsSentOnlyToAListenerOfItsOwner) {
  const std::string token = TokenFile("token");
  const uid_t me = ::getuid();
  if (me != 0) GTEST_SKIP() << "only root can be somebody else";
  constexpr uid_t kSomebody = 65'534;
  // Root may listen for everybody.
  const Listener own;
  EXPECT_TRUE(CheckListener(own.port(), token).ok());
  ASSERT_EQ(::seteuid(kSomebody), 0);
  const Listener foreign;
  ASSERT_EQ(::seteuid(me), 0);
  const absl::Status refused = CheckListener(foreign.port(), token);
  EXPECT_TRUE(absl::IsPermissionDenied(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("another user (65534)"));
  ASSERT_EQ(::chown(token.c_str(), kSomebody, 0), 0);
  EXPECT_TRUE(CheckListener(foreign.port(), token).ok());
}

TEST_F(LocalCoordinatorsTest, APortOnWhichNobodyListensIsLeftToTheCall) {
  std::uint16_t port = 0;
  { port = Listener().port(); }
  EXPECT_TRUE(CheckListener(port, TokenFile("token")).ok());
}

}  // namespace
}  // namespace ofsweep
