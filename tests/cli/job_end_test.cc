#include "cli/job_end.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;

TEST(JobEnd, ReadsTimesAndNothingElse) {
  EXPECT_EQ(ReadTime("1795904079"), absl::FromUnixSeconds(1795904079));
  EXPECT_EQ(ReadTime("2026-11-28T22:14:39Z"), absl::FromUnixSeconds(1795904079));
  EXPECT_EQ(ReadTime("2026-11-28T23:14:39+01:00"), absl::FromUnixSeconds(1795904079));
  for (const char* text : {"", "-1", "soon", "2026-11-28", "2026-11-28T22:14:39", "infinite-future", "1.5"}) {
    EXPECT_EQ(ReadTime(text), std::nullopt) << text;
    EXPECT_THAT(WhyNoTime(text), HasSubstr(text)) << text;
  }
}

TEST(JobEnd, IsInWhatScontrolShows) {
  EXPECT_EQ(EndTimeIn("JobId=1 TimeLimit=00:02:00 StartTime=1795903959 EndTime=1795904079 Deadline=N/A\n"),
            absl::FromUnixSeconds(1795904079));
  EXPECT_EQ(EndTimeIn("JobId=1 TimeLimit=UNLIMITED EndTime=Unknown Deadline=N/A"), std::nullopt);
  EXPECT_EQ(EndTimeIn("JobId=1 PreemptEligibleTime=1795903959"), std::nullopt);
  EXPECT_EQ(EndTimeIn(""), std::nullopt);
}

class WorkerDeadlineTest : public testing::Test {
 protected:
  WorkerDeadlineTest() {
    for (const char* name : kNames) ::unsetenv(name);
  }
  ~WorkerDeadlineTest() override {
    for (const char* name : kNames) ::unsetenv(name);
    ::setenv("PATH", path_.c_str(), 1);
  }

  static std::optional<absl::Duration> Left(const std::optional<std::string>& until = std::nullopt) {
    const auto deadline = WorkerDeadline(until);
    EXPECT_TRUE(deadline.ok()) << deadline.status();
    if (!deadline.ok() || !*deadline) return std::nullopt;
    return absl::FromChrono(**deadline - std::chrono::steady_clock::now());
  }

  // A cluster whose scontrol is this shell script.
  void Scontrol(const std::string& script) {
    const std::string folder = absl::StrCat(testing::TempDir(), "/scontrol-", ::getpid());
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/scontrol") << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(folder + "/scontrol", std::filesystem::perms::owner_all);
    ::setenv("PATH", absl::StrCat(folder, ":", path_).c_str(), 1);
  }

  static constexpr const char* kNames[] = {"SLURM_JOB_ID", "SLURM_JOB_END_TIME", "SLURM_ARRAY_JOB_ID",
                                           "SLURM_ARRAY_TASK_ID"};
  const std::string path_ = std::getenv("PATH");
};

TEST_F(WorkerDeadlineTest, IsThatOfTheOptionOrOfTheJobOrNone) {
  EXPECT_EQ(Left(), std::nullopt);
  ::setenv("SLURM_JOB_ID", "7", 1);
  ::setenv("SLURM_JOB_END_TIME", absl::StrCat(absl::ToUnixSeconds(absl::Now()) + 1000).c_str(), 1);
  EXPECT_GT(Left().value(), absl::Seconds(990));
  EXPECT_LT(Left(absl::StrCat(absl::ToUnixSeconds(absl::Now()) + 100)).value(), absl::Seconds(101));
}

TEST_F(WorkerDeadlineTest, IsAskedOfSlurmWhereTheEnvironmentDoesNotSayIt) {
  ::setenv("SLURM_JOB_ID", "127", 1);
  ::setenv("SLURM_ARRAY_JOB_ID", "120", 1);
  ::setenv("SLURM_ARRAY_TASK_ID", "7", 1);
  Scontrol(R"([ "$SLURM_TIME_FORMAT $*" = "%s show job --oneliner 120_7" ] || exit 1
              echo "JobId=127 EndTime=$(($(date +%s) + 500)) Deadline=N/A")");
  EXPECT_GT(Left().value(), absl::Seconds(490));
  Scontrol("exit 1");
  EXPECT_EQ(Left(), std::nullopt) << "the worker stops when it is told to";
}

TEST_F(WorkerDeadlineTest, OneThatHasPassedIsAMistakeOfTheUserAndOfNoJob) {
  EXPECT_EQ(WorkerDeadline("100").status().code(), absl::StatusCode::kInvalidArgument);
  ::setenv("SLURM_JOB_ID", "7", 1);
  ::setenv("SLURM_JOB_END_TIME", "100", 1);
  EXPECT_EQ(Left(), std::nullopt);
}

}  // namespace
}  // namespace ofsweep
