#include "worker/worker_identity.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/worker_id.h"
#include "host/kernel_file.h"
#include "worker/host.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::string FreshFolder(const std::string& name) {
  const std::string path = testing::TempDir() + "/worker-" + name + "-" + std::to_string(::getpid());
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

TEST(WorkerIdentityTest, IsMadeOnceAndKept) {
  const std::string folder = FreshFolder("id");
  const absl::StatusOr<WorkerIdentity> made = LoadWorkerIdentity(folder, "");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->id, testing::StartsWith(WorkerName() + "-"));
  EXPECT_TRUE(IsProvenBy(made->id, made->key));
  EXPECT_EQ(ReadText(folder + "/worker-id"), made->id + "\n");
  EXPECT_EQ(LoadWorkerIdentity(folder, "")->id, made->id);
  EXPECT_EQ(fs::status(folder + "/worker-key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  // The host is called otherwise now.
  std::ofstream(folder + "/worker-id") << WorkerId("former-name", made->key);
  EXPECT_EQ(LoadWorkerIdentity(folder, "")->id, WorkerId("former-name", made->key));
}

TEST(WorkerIdentityTest, AnIdThatItsKeyDoesNotProveIsMadeAnew) {
  const std::string folder = FreshFolder("old-id");
  for (const char* kept : {"host-3f2a", "no word"}) {
    std::ofstream(folder + "/worker-id") << kept;
    const absl::StatusOr<WorkerIdentity> identity = LoadWorkerIdentity(folder, "");
    ASSERT_TRUE(identity.ok()) << identity.status();
    EXPECT_EQ(identity->id, WorkerId(WorkerName(), identity->key));
    EXPECT_EQ(ReadText(folder + "/worker-id"), identity->id + "\n");
  }
  const std::string before = LoadWorkerIdentity(folder, "")->id;
  fs::remove(folder + "/worker-key");
  EXPECT_NE(LoadWorkerIdentity(folder, "")->id, before);
}

TEST(WorkerIdentityTest, AGivenNameIsThatOfTheId) {
  const std::string folder = FreshFolder("named");
  const absl::StatusOr<WorkerIdentity> identity = LoadWorkerIdentity(folder, "job-12");
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->id, WorkerId("job-12", identity->key));
  for (const std::string& name : {std::string("two words"), std::string(101, 'n')}) {
    EXPECT_EQ(LoadWorkerIdentity(folder, name).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace ofsweep
