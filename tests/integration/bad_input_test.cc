// What a user did wrong is answered with what it is and how to mend it, and with the exit code of the contract.

#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BadInput : public SweepFixture {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }

  Finished RunSpec(const std::string& text) const {
    return Ofsweep({"run", Write("bad.yaml", text), "--data-dir", Path("data")});
  }
};

TEST_F(BadInput, EveryMistakeOfASpecIsToldAtOnceWithLineKeyAndTheNearestKnownOne) {
  const std::string text =
      "name: bad\ntrial:\n  optimizer.learning_rat: 1e-3\n  model.layers: many\n  model.block: preorm\n";
  const auto expect = [&](const Finished& result) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err,
                AllOf(HasSubstr("bad.yaml:3: optimizer.learning_rat: "), HasSubstr("optimizer.learning_rate?"),
                      HasSubstr("bad.yaml:4: model.layers: "), HasSubstr("bad.yaml:5: model.block: ")));
  };
  expect(RunSpec(text));
  StartCoordinator();
  expect(Command({"submit", Path("bad.yaml")}));
}

TEST_F(BadInput, AnEmptyGridAxisIsAnInvalidSpec) {
  const Finished result = RunSpec("name: bad\ngrid:\n  model.block: []\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("bad.yaml:3: model.block: "));
}

TEST_F(BadInput, AThousandMillionTrialsAreRefusedWithTheirCount) {
  std::string seeds;
  for (int i = 0; i < 1000; ++i) seeds += (i == 0 ? "" : ", ") + std::to_string(i + 1);
  const Finished result = RunSpec("name: bad\ngrid:\n  seed: [" + seeds + "]\n  train.steps: [" + seeds +
                                  "]\n  train.batch_size: [" + seeds + "]\n");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, ::testing::ContainsRegex("1,?000,?000,?000"));
}

TEST_F(BadInput, ATextThatIsNoYamlIsAnInvalidSpec) {
  const Finished result = RunSpec("name: [unclosed\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("bad.yaml"));
}

TEST_F(BadInput, AFileThatIsNoDatabaseIsLeftAsItIs) {
  std::filesystem::create_directory(Path("data"));
  const std::string text(10'000, 'x');
  Write("data/ofsweep.db", text);
  for (const Finished& result :
       {Ofsweep({"run", WriteSpec({}), "--data-dir", Path("data")}), Ofsweep({"ls", "--data-dir", Path("data")})}) {
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.err, HasSubstr("ofsweep.db"));
  }
  std::ifstream file(Path("data/ofsweep.db"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(BadInput, ADatabaseOfANewerVersionIsRefused) {
  StartCoordinator();
  coordinator_->Signal(SIGTERM);
  ASSERT_EQ(coordinator_->Wait(), 0);
  SQLite::Database(Path("data/ofsweep.db"), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 1000");
  const Finished result = Ofsweep({"run", WriteSpec({}), "--data-dir", Path("data")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("ofsweep.db"), HasSubstr("newer")));
}

TEST_F(BadInput, APortInUseIsNamed) {
  StartCoordinator();
  const Finished grpc = Ofsweep({"coordinator", "--data-dir", Path("other"), "--grpc", grpc_, "--http", "127.0.0.1:0"});
  EXPECT_EQ(grpc.exit_code, 1);
  EXPECT_THAT(grpc.err, AllOf(HasSubstr(grpc_), HasSubstr("in use")));
  const Finished http = Ofsweep({"coordinator", "--data-dir", Path("other"), "--grpc", "127.0.0.1:0", "--http", http_});
  EXPECT_EQ(http.exit_code, 1);
  EXPECT_THAT(http.err, AllOf(HasSubstr(http_), HasSubstr("in use")));
}

TEST_F(BadInput, ADataFolderHasOneCoordinator) {
  StartCoordinator();
  const Finished second =
      Ofsweep({"coordinator", "--data-dir", Path("data"), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr(Path("data")));
}

TEST_F(BadInput, ASweepThatIsNotThereIsNamed) {
  StartCoordinator();
  for (std::vector<std::string> command : {std::vector<std::string>{"show", "nothing"},
                                           {"watch", "nothing"},
                                           {"table", "nothing"},
                                           {"cancel", "nothing"},
                                           {"curves", "nothing", "--metric", "kurtosis"}}) {
    const Finished result = Command(command);
    EXPECT_EQ(result.exit_code, 1) << command[0];
    EXPECT_THAT(result.err, HasSubstr("nothing"));
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(BadInput, AKeyOrAMetricThatIsNotThereIsToldWithTheNearest) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({})}).exit_code, 0);
  const Finished rows = Command({"table", "tiny", "--rows", "model.blok", "--cols", "optimizer.name"});
  EXPECT_EQ(rows.exit_code, 2);
  EXPECT_THAT(rows.err, HasSubstr("model.block"));
  const Finished metric = Command({"table", "tiny", "--metrics", "kurtosis_mx"});
  EXPECT_EQ(metric.exit_code, 2);
  EXPECT_THAT(metric.err, HasSubstr("kurtosis_max"));
}

TEST_F(BadInput, ANameThatIsTakenByAnotherSpecIsRefused) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({})}).exit_code, 0);
  const Finished other = Command({"submit", WriteSpec({.steps = 31})});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("tiny"));
}

TEST_F(BadInput, WithoutATrainerAWorkerSaysWhereItLooked) {
  std::filesystem::copy_file(kOfsweep, Path("ofsweep"));
  const Finished run = RunToEnd({Path("ofsweep"), "run", WriteSpec({}), "--data-dir", Path("data")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr(Path("ofsweep-trainer")));
}

}  // namespace
}  // namespace ofsweep
