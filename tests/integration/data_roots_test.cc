// Which files a sweep may have a worker open: those beneath its --data-root.

#include <gmock/gmock.h>

#include <fstream>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DataRootsOfAWorker : public SweepFixture {
 protected:
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    std::ofstream(Path(name)) << text;
  }

  // To its end, which is not a good one where a trial fails.
  nlohmann::json Train(const TinySweep& sweep) const {
    EXPECT_EQ(Command({"submit", WriteSpec(sweep)}).exit_code, 0);
    Command({"watch", sweep.name});
    const Finished shown = Command({"show", sweep.name, "--json"});
    EXPECT_EQ(shown.exit_code, 0) << shown.err;
    return nlohmann::json::parse(shown.out)["trials"][0];
  }

  const std::string grid_ = "{model.block: [op]}";
};

TEST_F(DataRootsOfAWorker, ASweepTrainsFromThem) {
  StartCoordinator();
  StartWorker();
  EXPECT_EQ(Train({.grid = grid_})["state"], "completed");
}

TEST_F(DataRootsOfAWorker, AFileOutsideFailsItsTrialForGoodWithoutAWordOfTheFile) {
  std::filesystem::create_directory(Path("data-root"));
  std::filesystem::copy(Path("tokens.bin"), Path("data-root/tokens.bin"));
  Write("secret.bin", "secret words");
  Write("other.bin", "other secret words");  // of the same content they would be one trial
  std::filesystem::create_symlink(Path("other.bin"), Path("data-root/link.bin"));
  StartCoordinator();
  StartWorker(Path("data-root"));
  for (const std::string name : {"secret.bin", "data-root/link.bin"}) {
    const nlohmann::json trial =
        Train({.name = name == "secret.bin" ? "outside" : "link", .grid = grid_, .corpus = "data.path: " + name});
    EXPECT_EQ(trial["state"], "failed");
    EXPECT_EQ(trial["failure_class"], "bad_data");
    EXPECT_EQ(trial["attempts"], 1) << "its worker would refuse it again";
    EXPECT_THAT(trial["failure_message"].get<std::string>(),
                AllOf(HasSubstr("data.path: " + Path(name)), HasSubstr("(" + Path("data-root") + ")"),
                      HasSubstr("--data-root"), Not(HasSubstr("secret words"))));
    const Finished log = Command({"logs", trial["trial_id"].get<std::string>()});
    EXPECT_THAT(log.out, AllOf(HasSubstr("data.path"), Not(HasSubstr("secret words"))));
  }
  EXPECT_EQ(Train({.name = "inside", .grid = grid_, .corpus = "data.path: data-root/tokens.bin"})["state"],
            "completed");
}

TEST_F(DataRootsOfAWorker, WithoutTheOptionItIsTheWorkingFolderOfAWorkerBesideItsCoordinator) {
  StartCoordinator();
  std::filesystem::create_directory(Path("here"));
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(Path("here"));  // which the worker inherits
  Process worker({kOfsweep, "worker", "--coordinator", grpc_, "--data-dir", Path("worker"), "--slots", "1"});
  std::filesystem::current_path(before);
  ASSERT_TRUE(worker.WaitForErr("trials may read files beneath " + Path("here"))) << worker.Err();
  EXPECT_EQ(Train({.name = "outside", .grid = grid_})["failure_class"], "bad_data");
  std::filesystem::copy(Path("tokens.bin"), Path("here/tokens.bin"));
  EXPECT_EQ(Train({.name = "inside", .grid = grid_, .corpus = "data.path: here/tokens.bin"})["state"], "completed");
}

TEST_F(DataRootsOfAWorker, OneThatIsNoFolderIsToldAtTheStart) {
  const Finished worker = Ofsweep({"worker", "--data-root", Path("none"), "--data-dir", Path("worker")});
  EXPECT_EQ(worker.exit_code, 2);
  EXPECT_THAT(worker.err, AllOf(HasSubstr("--data-root"), HasSubstr(Path("none"))));
}

}  // namespace
}  // namespace ofsweep
