#include "corpus/data_roots.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kSecret[] = "the secret's words";

std::string ContentOf(const RegularFile& file) {
  std::string text(file.size(), '\0');
  const ssize_t got = ::pread(file.descriptor(), text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

class DataRootsTest : public testing::Test {
 protected:
  DataRootsTest() {
    base_.Write("data/a.txt", "a");
    base_.Write("data/deep/b.txt", "b");
    base_.Write("elsewhere/secret.txt", kSecret);
    roots_ = Of({"data"});
  }

  fs::path Path(const std::string& name) const { return base_.path() / name; }

  DataRoots Of(std::vector<std::string> folders) const {
    for (std::string& folder : folders) folder = Path(folder);
    return DataRoots(folders);
  }

  void Link(const fs::path& target, const std::string& name) const { fs::create_symlink(target, Path(name)); }

  std::string Read(const fs::path& path) const {
    const auto file = roots_.Open(path);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? ContentOf(*file) : "";
  }

  void ExpectOutside(const fs::path& path) const {
    const auto file = roots_.Open(path);
    EXPECT_TRUE(absl::IsPermissionDenied(file.status())) << path << " " << file.status();
    EXPECT_THAT(std::string(file.status().message()), AllOf(HasSubstr(path.string()), HasSubstr(Path("data").string()),
                                                            HasSubstr("--data-root"), Not(HasSubstr(kSecret))));
  }

  TemporaryFolder base_;
  DataRoots roots_;
};

TEST_F(DataRootsTest, WhatLiesBeneathAFolderIsOpened) {
  EXPECT_EQ(Read(Path("data/a.txt")), "a");
  EXPECT_EQ(Read(Path("data/deep/b.txt")), "b");
  EXPECT_EQ(Read(Path("data//./deep/../deep/b.txt")), "b");
  EXPECT_TRUE(roots_.Find(Path("data")).ok());
  EXPECT_TRUE(roots_.Find(Path("data/")).ok());
  EXPECT_TRUE(absl::IsNotFound(roots_.Open(Path("data/none.txt")).status()));
  EXPECT_TRUE(absl::IsNotFound(roots_.Open("").status()));
}

TEST_F(DataRootsTest, WithoutFoldersAllIsOpenedAndOfNoFolderNothing) {
  EXPECT_EQ(ContentOf(*DataRoots().Open(Path("elsewhere/secret.txt"))), kSecret);
  for (const std::vector<std::string>& none : {std::vector<std::string>(), std::vector<std::string>{""}}) {
    EXPECT_TRUE(absl::IsPermissionDenied(DataRoots(none).Open(Path("data/a.txt")).status()));
  }
}

TEST_F(DataRootsTest, NoPathLeadsOut) {
  Link(Path("elsewhere/secret.txt"), "data/absolute");
  Link("../elsewhere/secret.txt", "data/relative");
  Link(Path("elsewhere"), "data/folder");
  Link("absolute", "data/twice");
  for (const char* path :
       {"elsewhere/secret.txt", "data/../elsewhere/secret.txt", "data/deep/../../elsewhere/secret.txt", "data/absolute",
        "data/relative", "data/folder/secret.txt", "data/twice", "data2/a.txt", "dat", ""}) {
    ExpectOutside(Path(path));
  }
  ExpectOutside("/etc/passwd");
}

// Else a submitter could ask which files there are.
TEST_F(DataRootsTest, OutsideWhatIsThereAndWhatIsNotAreRefusedAlike) {
  Link(Path("elsewhere/none"), "data/to_nothing");
  Link(Path("elsewhere/secret.txt"), "data/to_secret");
  const auto message = [&](const char* name) { return std::string(roots_.Open(Path(name)).status().message()); };
  ExpectOutside(Path("elsewhere/none"));
  ExpectOutside(Path("data/to_nothing"));
  EXPECT_EQ(message("data/to_nothing").substr(Path("data/to_nothing").string().size()),
            message("data/to_secret").substr(Path("data/to_secret").string().size()));
}

TEST_F(DataRootsTest, LinksThatStayBeneathAreFollowed) {
  Link(Path("data/deep/b.txt"), "data/absolute");
  Link("deep/b.txt", "data/relative");
  Link("../a.txt", "data/deep/up");
  Link("deep", "data/folder");
  EXPECT_EQ(Read(Path("data/absolute")), "b");
  EXPECT_EQ(Read(Path("data/relative")), "b");
  EXPECT_EQ(Read(Path("data/deep/up")), "a");
  EXPECT_EQ(Read(Path("data/folder/../a.txt")), "a");
  Link("loop", "data/loop");
  EXPECT_TRUE(absl::IsFailedPrecondition(roots_.Open(Path("data/loop")).status()));
}

TEST_F(DataRootsTest, AFolderMayBeNamedByALinkOrAsItIs) {
  Link(Path("data"), "alias");
  roots_ = Of({"alias"});
  EXPECT_EQ(Read(Path("alias/a.txt")), "a");
  EXPECT_EQ(Read(Path("data/a.txt")), "a");
}

TEST_F(DataRootsTest, ALinkLeadsFromOneFolderIntoAnother) {
  base_.Write("more/c.txt", "c");
  Link(Path("more/c.txt"), "data/c.txt");
  ExpectOutside(Path("data/c.txt"));
  roots_ = Of({"data", "more/"});
  EXPECT_EQ(Read(Path("data/c.txt")), "c");
}

TEST_F(DataRootsTest, AFolderThatIsGoneSaysSo) {
  const auto file = Of({"gone"}).Open(Path("gone/a.txt"));
  EXPECT_TRUE(absl::IsNotFound(file.status()));
  EXPECT_THAT(std::string(file.status().message()), HasSubstr(Path("gone").string()));
}

// Whatever the kernel would make of the link's text, it is read as a path.
TEST_F(DataRootsTest, MagicLinksAreNone) {
  const UniqueFd secret(::open(Path("elsewhere/secret.txt").c_str(), O_RDONLY | O_CLOEXEC));
  const std::string magic = "/proc/self/fd/" + std::to_string(secret.get());
  Link(magic, "data/magic");
  Link("/proc/self/mem", "data/memory");
  Link("/proc/self/root", "data/root");
  for (const char* path : {"data/magic", "data/memory", "data/root/etc/passwd"}) ExpectOutside(Path(path));
  ExpectOutside(magic);
}

// None of them may block whoever opens it, either.
TEST_F(DataRootsTest, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(::mkfifo(Path("data/pipe").c_str(), 0600), 0);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  const fs::path before = fs::current_path();
  fs::current_path(Path("data"));  // for the address of a socket is short
  std::string("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  fs::current_path(before);
  for (const DataRoots& roots : {roots_, DataRoots()}) {
    for (const char* name : {"data/pipe", "data/socket", "data/deep"}) {
      EXPECT_TRUE(absl::IsFailedPrecondition(roots.Open(Path(name)).status())) << name;
    }
    EXPECT_FALSE(roots.Open("/dev/null").ok());
  }
}

// If a path were checked first and opened afterwards, one of these many would be opened when it leads out.
TEST_F(DataRootsTest, AnExchangedPathNeverLeadsOut) {
  base_.Write("data/turning/file.txt", "a");
  base_.Write("elsewhere/file.txt", kSecret);
  Link(Path("elsewhere"), "link_out");
  Link(Path("elsewhere/secret.txt"), "file_out");
  const auto exchange = [&](const std::stop_token& stop, const std::string& one, const std::string& other) {
    while (!stop.stop_requested()) {
      if (::renameat2(AT_FDCWD, Path(one).c_str(), AT_FDCWD, Path(other).c_str(), RENAME_EXCHANGE) != 0) break;
    }
  };
  const std::jthread folders([&](const std::stop_token& stop) { exchange(stop, "data/turning", "link_out"); });
  const std::jthread files([&](const std::stop_token& stop) { exchange(stop, "data/a.txt", "file_out"); });
  int opened = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    for (const char* path : {"data/turning/file.txt", "data/a.txt"}) {
      const auto file = roots_.Open(Path(path));
      if (file.ok()) {
        ++opened;
        ASSERT_EQ(ContentOf(*file), "a") << path;
      } else {
        ++refused;
        ASSERT_THAT(std::string(file.status().message()), Not(HasSubstr("secret's")));
      }
    }
  }
  EXPECT_GT(opened, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace ofsweep
