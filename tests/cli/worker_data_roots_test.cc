#include "cli/worker_data_roots.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(WorkerDataRoots, AreTheWorkingFolderBesideTheCoordinatorAndElsewhereNone) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_THAT(*WorkerDataRoots({}, "127.0.0.1:7070"), ElementsAre(here));
  EXPECT_THAT(*WorkerDataRoots({}, "[::1]:7070"), ElementsAre(here));
  EXPECT_THAT(*WorkerDataRoots({}, "localhost:7070"), ElementsAre(here));
  EXPECT_THAT(*WorkerDataRoots({}, "10.0.0.1:7070"), IsEmpty());
  EXPECT_THAT(*WorkerDataRoots({}, "127.example.org:7070"), IsEmpty());
}

// A service that says nothing works there.
TEST(WorkerDataRoots, TheRootOfTheFileSystemHasToBeGiven) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path("/");
  const auto silent = WorkerDataRoots({}, "127.0.0.1:7070");
  const auto told = WorkerDataRoots({"/"}, "127.0.0.1:7070");
  std::filesystem::current_path(before);
  EXPECT_THAT(*silent, IsEmpty());
  EXPECT_THAT(*told, ElementsAre("/"));
}

TEST(WorkerDataRoots, ThoseThatAreGivenCountAloneAndHaveToBeThere) {
  const TemporaryFolder folder;
  const std::string path = folder.path().string();
  EXPECT_THAT(*WorkerDataRoots({path}, "127.0.0.1:7070"), ElementsAre(path));
  EXPECT_THAT(*WorkerDataRoots({path, path + "/."}, "gpu-1:7070"), ElementsAre(path, path + "/"));
  EXPECT_THAT(*WorkerDataRoots({""}, "127.0.0.1:7070"), IsEmpty());
  const auto missing = WorkerDataRoots({path + "/none"}, "127.0.0.1:7070");
  EXPECT_TRUE(absl::IsInvalidArgument(missing.status()));
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr(path + "/none"));
}

}  // namespace
}  // namespace ofsweep
