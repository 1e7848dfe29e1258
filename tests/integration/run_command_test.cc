// `ofsweep run`: one command from a sweep file to its table.

#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class RunCommand : public SweepFixture {
 protected:
  std::vector<std::string> Run(const std::string& spec) const {
    return {"run", spec, "--data-dir", Path("data"), "--slots", "2"};
  }
};

TEST_F(RunCommand, TrainsEveryTrialAndPrintsTheTableAndTheNextTimePrintsItAtOnce) {
  const std::string spec = WriteSpec({});
  const Finished first = Ofsweep(Run(spec));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("4/4 trials"));
  EXPECT_THAT(first.out, ContainsRegex("model.block +adam +soap\n"
                                       "pre_norm +[0-9.]+ \\(1\\) +[0-9.]+ \\(1\\)\n"
                                       "op +[0-9.]+ \\(1\\) +[0-9.]+ \\(1\\)\n"));
  EXPECT_THAT(first.out, HasSubstr("kurtosis_max"));

  const Finished second = Ofsweep(Run(spec));
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(second.err, Not(HasSubstr("started")));
}

TEST_F(RunCommand, AReplacedCorpusIsTrainedAnewAndAMovedOneIsNot) {
  const auto run = [&](const std::string& name, const std::string& corpus) {
    return Ofsweep(Run(WriteSpec({.name = name, .grid = "{seed: [0]}", .corpus = "data.path: " + corpus})));
  };
  ASSERT_EQ(run("first", "tokens.bin").exit_code, 0);
  std::filesystem::copy(Path("tokens.bin"), Path("moved.bin"));
  const Finished moved = run("moved", "moved.bin");
  EXPECT_EQ(moved.exit_code, 0) << moved.err;
  EXPECT_THAT(moved.err, HasSubstr("1 of them shared with sweep first"));

  std::fstream tokens(Path("tokens.bin"), std::ios::binary | std::ios::in | std::ios::out);
  tokens.write("\1\0\2\0", 4);
  tokens.close();
  const Finished replaced = run("replaced", "tokens.bin");
  EXPECT_EQ(replaced.exit_code, 0) << replaced.err;
  EXPECT_THAT(replaced.err, AllOf(Not(HasSubstr("shared")), HasSubstr("1/1 trials")));
  const Finished continued = run("first", "tokens.bin");
  EXPECT_NE(continued.exit_code, 0) << "its numbers are of the old corpus";
  EXPECT_THAT(continued.err, HasSubstr("another content"));
  EXPECT_EQ(run("first", "moved.bin").exit_code, 0) << continued.err;
}

// Once, however many trials share the corpus.
TEST_F(RunCommand, SaysWhichFilesOfTheCorpusAreLeftOut) {
  std::ofstream(Path("tokens.json")) << R"({"vocabulary": 300, "left_out": {"link": 7, "not_utf8": 3}})";
  const Finished run = Ofsweep(Run(WriteSpec({.grid = "{seed: [0, 1]}"})));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::size_t said = run.err.find("7 link, 3 not_utf8");
  EXPECT_NE(said, std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("7 link", said + 1), std::string::npos) << run.err;
}

TEST_F(RunCommand, AnInterruptedRunContinuesToTheSameTable) {
  const TinySweep sweep{.steps = 600, .grid = "{model.block: [pre_norm, op]}"};
  const std::string spec = WriteSpec(sweep);
  auto arguments = Run(spec);
  arguments.insert(arguments.begin(), kOfsweep);
  Process interrupted(arguments);
  ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > 500; })) << interrupted.Err();
  interrupted.Signal(SIGINT);
  EXPECT_EQ(interrupted.Wait(), 1);
  EXPECT_THAT(interrupted.Err(), HasSubstr("the same command continues"));

  const Finished continued = Ofsweep(Run(spec));
  ASSERT_EQ(continued.exit_code, 0) << continued.err;
  const Finished undisturbed = Ofsweep({"run", spec, "--data-dir", Path("other"), "--slots", "2"});
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.err;
  EXPECT_EQ(continued.out, undisturbed.out);
  EXPECT_TRUE(StoredCurves(Path("data/ofsweep.db")) == StoredCurves(Path("other/ofsweep.db")))
      << "points were lost, doubled or changed";
}

// As `run` without --update goes on with it.
TEST_F(RunCommand, UpdatesACancelledSweepAndGoesOnWithIt) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({.grid = "{seed: [0]}"})}).exit_code, 0);
  ASSERT_EQ(Command({"cancel", "tiny"}).exit_code, 0);
  coordinator_->Signal(SIGTERM);
  ASSERT_EQ(coordinator_->Wait(), 0);
  auto update = Run(WriteSpec({.grid = "{seed: [0, 1]}"}));
  update.push_back("--update");
  const Finished run = Ofsweep(update);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("1 trial added"), HasSubstr("2/2 trials")));
}

TEST_F(RunCommand, WithoutCheckpointsAnInterruptedRunSaysThatItsTrialsBeginAnew) {
  auto arguments = Run(WriteSpec({.steps = 100'000, .checkpoint_every = 0, .grid = "{seed: [0, 1]}"}));
  arguments.insert(arguments.begin(), kOfsweep);
  Process interrupted(arguments);
  ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > 0; })) << interrupted.Err();
  interrupted.Signal(SIGINT);
  EXPECT_EQ(interrupted.Wait(), 1);
  EXPECT_THAT(interrupted.Err(), AllOf(HasSubstr("train.checkpoint_every: 0"), HasSubstr("begin anew"),
                                       Not(HasSubstr("Nothing is lost")), Not(HasSubstr("write their checkpoints"))));
}

TEST_F(RunCommand, TrainsItsOwnSweepAndLeavesAnOlderUnfinishedOneOfTheFolderAlone) {
  const std::string old_spec = WriteSpec({.name = "old", .steps = 100'000, .grid = "{seed: [1, 2, 3]}"});
  auto arguments = Run(old_spec);
  arguments.insert(arguments.begin(), kOfsweep);
  Process interrupted(arguments);
  ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > 0; })) << interrupted.Err();
  interrupted.Signal(SIGKILL);
  interrupted.Wait();

  const Finished run = Ofsweep(Run(WriteSpec({.name = "new", .grid = "{seed: [4, 5]}"})));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("2/2 trials"));
  EXPECT_THAT(run.err, ContainsRegex("sweep old .*3 of 3 trials wait.*ofsweep run"));
  EXPECT_THAT(run.err, Not(HasSubstr("seed=1")));
  const Finished shown = Ofsweep({"show", "old", "--json", "--data-dir", Path("data")});
  const auto old_sweep = nlohmann::json::parse(shown.out)["sweep"];
  EXPECT_EQ(old_sweep["state"], "active");
  EXPECT_EQ(old_sweep["trials"]["pending"], 3);
}

TEST_F(RunCommand, ATrialThatIsInAnOlderSweepTooIsTrained) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({.name = "old", .grid = "{seed: [1, 2]}"})}).exit_code, 0);
  coordinator_->Signal(SIGTERM);
  coordinator_->Wait();
  const Finished run = Ofsweep(Run(WriteSpec({.name = "new", .grid = "{seed: [2, 3]}"})));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("2/2 trials"));
  EXPECT_THAT(Ofsweep({"show", "old", "--data-dir", Path("data")}).out, HasSubstr("1/2 ended"));
}

// As `plan` says before.
TEST_F(RunCommand, ACopyOfACorpusMakesNoTrialOfItsOwn) {
  std::filesystem::copy_file(Path("tokens.bin"), Path("copy.bin"));
  const std::string spec = WriteSpec({.grid = "{data.path: [tokens.bin, copy.bin]}", .corpus = ""});
  const Finished planned = Ofsweep({"plan", spec, "--no-measure"});
  EXPECT_THAT(planned.out, HasSubstr("1 trial (2 combinations, ")) << planned.err;
  const Finished run = Ofsweep(Run(spec));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("1 trial (2 combinations, "));
}

TEST_F(RunCommand, ATableThatCannotBeMadeIsRefusedBeforeAnythingIsTrained) {
  for (const char* option : {"--metrics", "--rows", "--cols", "--pool"}) {
    auto arguments = Run(WriteSpec({}));
    arguments.insert(arguments.end(), {option, "kurtosi"});
    const Finished run = Ofsweep(arguments);
    EXPECT_EQ(run.exit_code, 2) << option;
    EXPECT_THAT(run.err, AllOf(HasSubstr(option), HasSubstr("kurtosi")));
    EXPECT_FALSE(std::filesystem::exists(Path("data")));
  }
}

TEST_F(RunCommand, ATableThatWouldAverageOverAKeyIsRefusedBeforeAnythingIsTrained) {
  auto arguments = Run(WriteSpec({.grid = "{optimizer.learning_rate: [0.001, 0.01]}"}));
  arguments.insert(arguments.end(), {"--rows", "model.block"});
  const Finished run = Ofsweep(arguments);
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("optimizer.learning_rate"), HasSubstr("pool")));
  EXPECT_THAT(Ofsweep({"show", "tiny", "--data-dir", Path("data")}).out, HasSubstr("0/2 ended"));
  arguments.insert(arguments.end(), {"--pool", "optimizer.learning_rate"});
  const Finished pooled = Ofsweep(arguments);
  EXPECT_EQ(pooled.exit_code, 0) << pooled.err;
  EXPECT_THAT(pooled.out, HasSubstr("over optimizer.learning_rate"));
}

TEST_F(RunCommand, TwoCorporaByRelativePathsAreTwoRowsOfTheTable) {
  std::filesystem::copy_file(Path("tokens.bin"), Path("other.bin"));
  std::ofstream(Path("other.bin"), std::ios::app).write("\1\0", 2);
  const std::string spec = WriteSpec({.grid = "{data.path: [tokens.bin, other.bin], seed: [0, 1]}", .corpus = ""});
  const Finished run = Ofsweep(Run(spec));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("data.path"), HasSubstr("tokens.bin"), HasSubstr("other.bin")));
  EXPECT_THAT(run.out, Not(HasSubstr(Path("tokens.bin")))) << "as it is written";
  EXPECT_THAT(run.out, HasSubstr("(trials) over seed.\n"));
  std::vector<std::string> table = {"table", "tiny", "--rows", "model.block", "--data-dir", Path("data")};
  const Finished refused = Ofsweep(table);
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("data.path"), HasSubstr("in pool")));
  table.insert(table.end(), {"--pool", "data.path"});
  const Finished pooled = Ofsweep(table);
  EXPECT_THAT(pooled.out, HasSubstr("(trials) over data.path, seed.\n"));
  EXPECT_THAT(Ofsweep({"show", "tiny", "--data-dir", Path("data")}).out, HasSubstr("data.path=other.bin"));
}

TEST_F(RunCommand, ATrialThatFailsIsNamedWithItsReasonAndTheOthersStillCount) {
  // A corpus that is not there fails one arm; the other trains.
  const std::string spec = WriteSpec({.grid = "{data.path: [tokens.bin, missing.bin]}", .corpus = ""});
  const Finished run = Ofsweep(Run(spec));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("1 trial failed:"));
  EXPECT_THAT(run.err, HasSubstr("bad_data"));
  EXPECT_THAT(run.err, HasSubstr("missing.bin"));
  EXPECT_THAT(run.err, HasSubstr("/logs"));
  EXPECT_THAT(run.out, HasSubstr("1 failed"));
}

TEST_F(RunCommand, EndsAtOnceWhereNoneOfItsTrialsCanRunHere) {
  auto arguments = Run(WriteSpec({.grid = "{seed: [0, 1]}"}));
  arguments.insert(arguments.begin(), kOfsweep);
  arguments.insert(arguments.end(), {"--set", "train.device=cuda"});
  const Finished run = RunToEnd(arguments, {"CUDA_VISIBLE_DEVICES="});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("2 trials that are left need a CUDA device"), HasSubstr("--data-dir")));
}

TEST_F(RunCommand, TrainsWhatCanRunHereBeforeItEndsForWhatCannot) {
  const std::string spec = WriteSpec({.grid = "{}\nzip:\n- {train.device: [cuda, cpu], seed: [0, 1]}"});
  std::stringstream text;
  text << std::ifstream(spec).rdbuf();
  std::string varied = text.str();
  varied.erase(varied.find("device: cpu, "), std::string("device: cpu, ").size());
  std::ofstream(spec) << varied;
  auto arguments = Run(spec);
  arguments.insert(arguments.begin(), kOfsweep);
  const Finished run = RunToEnd(arguments, {"CUDA_VISIBLE_DEVICES="});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("completed"), HasSubstr("1 trial that is left needs a CUDA device")));
}

TEST_F(RunCommand, LayoutAndFormatOfTheTableCanBeChosen) {
  const std::string spec = WriteSpec({.grid = "{model.block: [op]}"});
  auto arguments = Run(spec);
  arguments.insert(arguments.end(),
                   {"--rows", "optimizer.name", "--cols", "model.block", "--metrics", "train_loss", "--format", "csv"});
  const Finished run = Ofsweep(arguments);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(
      run.out,
      ContainsRegex(
          "optimizer.name,model.block,metric,mean.*\nadam,op,train_loss,[0-9.]+,,1,1,0,0,0,,[0-9.]+,[0-9.]+\n"));
}

}  // namespace
}  // namespace ofsweep
