#include "trainer/files.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

std::ptrdiff_t FilesIn(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

TEST(WriteFileAtomically, ReplacesAFileWhole) {
  const TemporaryFolder folder;
  const auto path = folder.Write("f", "old");
  ASSERT_TRUE(WriteFileAtomically(path, "new content").ok());
  EXPECT_EQ(ReadFile(path), "new content");
  EXPECT_EQ(FilesIn(folder.path()), 1);
}

TEST(WriteFileAtomically, AFailureLeavesTheOldFileAndNoOther) {
  const TemporaryFolder folder;
  const auto path = folder.Write("f", "old");
  const absl::Status status = WriteFileAtomically(path, [](FileWriter& file) {
    EXPECT_TRUE(file.Write("half", 4).ok());
    return absl::AbortedError("no more");
  });
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_EQ(FilesIn(folder.path()), 1);
}

TEST(WriteFileAtomically, AFolderThatIsNotThereIsNamed) {
  const absl::Status status = WriteFileAtomically("/nowhere/at/all", "x");
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/at/all"));
}

TEST(MappedFile, MapsEmptyFilesToo) {
  const TemporaryFolder folder;
  EXPECT_EQ(MappedFile::Open(folder.Write("empty", ""))->text(), "");
  EXPECT_EQ(MappedFile::Open(folder.Write("full", "abc"))->text(), "abc");
  EXPECT_TRUE(absl::IsNotFound(MappedFile::Open(folder.path() / "none").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(MappedFile::Open(folder.path()).status()));
}

// A process that dies with the lock lets go of it.
TEST(FileLock, KeepsOthersOutUntilItsHolderIsGone) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "lock";
  int held[2];
  ASSERT_EQ(pipe(held), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const auto lock = FileLock::Acquire(path, [] {});
    if (write(held[1], "x", 1) != 1) _exit(1);
    pause();
  }
  char byte;
  ASSERT_EQ(read(held[0], &byte, 1), 1);
  bool waited = false;
  const auto lock = FileLock::Acquire(path, [&] {
    waited = true;
    kill(holder, SIGKILL);
  });
  EXPECT_TRUE(lock.ok());
  EXPECT_TRUE(waited);
  waitpid(holder, nullptr, 0);
  close(held[0]);
  close(held[1]);
}

}  // namespace
}  // namespace ofsweep
