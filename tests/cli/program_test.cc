#include "cli/program.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/is_gone.h"
#include "tests/wait_until.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> Shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

TEST(RunProgram, TellsItsEndAndKeepsItsOutput) {
  const UnnamedFile out, err;
  EXPECT_EQ(
      RunProgram(Shell("echo one; echo two; echo why >&2; exit 3"), {.out = out.path(), .err = err.path()}).value(), 3);
  EXPECT_EQ(LastLine(out.path()), "two");
  EXPECT_EQ(LastLine(err.path()), "why");
  EXPECT_EQ(RunProgram(Shell("kill -9 $$")).value(), -SIGKILL);
  EXPECT_EQ(DescribeEnd(3), "exited with code 3");
  EXPECT_EQ(DescribeEnd(-SIGKILL), "was killed by signal 9 (SIGKILL)");
}

TEST(RunProgram, NamesWhatItCannotRunAndWhatItCannotOpen) {
  EXPECT_THAT(std::string(RunProgram({"/no/such/program"}).status().message()), HasSubstr("/no/such/program"));
  EXPECT_THAT(std::string(RunProgram(Shell("true"), {.out = "/no/such/folder/out"}).status().message()),
              HasSubstr("/no/such/folder/out"));
}

TEST(RunProgram, ARequestToStopEndsIt) {
  std::stop_source stop;
  const UnnamedFile out;
  std::thread later([&] {
    WaitUntil([&] { return LastLine(out.path()) == "runs"; });
    stop.request_stop();
  });
  EXPECT_EQ(RunProgram(Shell("echo runs; exec sleep 1000"), {.out = out.path()}, stop.get_token()).value(), -SIGTERM);
  later.join();
  EXPECT_EQ(RunProgram({"/bin/sleep", "1000"}, {}, stop.get_token()).value(), -SIGTERM) << "asked before it began";
}

TEST(RunProgram, DiesWithAProcessThatIsKilled) {
  const UnnamedFile out;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto end = RunProgram(Shell("echo $$; exec sleep 1000"), {.out = out.path()});
    ::_exit(end.ok() ? 0 : 1);
  }
  WaitUntil([&] { return !LastLine(out.path()).empty(); });
  const pid_t program = std::atoi(LastLine(out.path()).c_str());
  ASSERT_GT(program, 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(WaitUntil([&] { return IsGone(program); }));
}

TEST(ScratchFolder, SaysWhereNoneCanBeMade) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", "/no/such/folder", 1);
  std::string message;
  try {
    const ScratchFolder folder;
  } catch (const std::exception& error) {
    message = error.what();
  }
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
  EXPECT_THAT(message, AllOf(HasSubstr("/no/such/folder"), HasSubstr("TMPDIR")));
}

TEST(WriteText, NamesTheFileThatCannotBeWritten) {
  EXPECT_EQ(WriteText("/dev/full", "text").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(WriteText("/dev/full", "text").message()), HasSubstr("/dev/full"));
}

}  // namespace
}  // namespace ofsweep
