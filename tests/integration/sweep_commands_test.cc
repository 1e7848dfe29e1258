// The commands of a researcher against a real coordinator and a real worker.

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <set>

#include "tests/integration/sweep_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::uint64_t Count(const nlohmann::json& sweep, const char* state) {
  return sweep.at("trials").at(state).get<std::uint64_t>();
}

// Of `SELECT count(*) CLAUSES`.
int CountRows(const std::string& database, const std::string& clauses) {
  SQLite::Database db(database, SQLite::OPEN_READONLY, 10'000);
  return db.execAndGet("SELECT count(*) " + clauses).getInt();
}

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class SweepCommands : public SweepFixture {};

TEST_F(SweepCommands, ASweepIsSubmittedWatchedShownAndReadBack) {
  const std::string spec = WriteSpec({});
  StartCoordinator();
  const Finished checked = Command({"submit", spec, "--validate-only"});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_THAT(Command({"ls"}).out, Not(HasSubstr("tiny")));

  const Finished submitted = Command({"submit", spec});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  EXPECT_THAT(submitted.out, AllOf(HasSubstr("tiny: 4 trials"), HasSubstr("ofsweep watch tiny")));
  EXPECT_THAT(Command({"show", "tiny"}).out, HasSubstr("worker"));  // it waits for one
  EXPECT_THAT(Command({"submit", spec}).out, HasSubstr("submitted before"));
  EXPECT_THAT(Command({"show", "other"}).err, HasSubstr("`ofsweep ls --coordinator " + grpc_ + "`"));

  StartWorker();
  const Finished watched = Command({"watch", "tiny"});
  ASSERT_EQ(watched.exit_code, 0) << watched.err;
  EXPECT_THAT(watched.out, AllOf(HasSubstr("started"), HasSubstr("completed  "), HasSubstr("4/4 ended (4 completed)")));
  EXPECT_THAT(Command({"ls"}).out, HasSubstr("finished"));

  EXPECT_THAT(Command({"table", "tiny"}).out, AllOf(HasSubstr("model.block"), Not(HasSubstr("Partial"))));
  const Finished pooling = Command({"table", "tiny", "--rows", "model.block", "--cols", "seed"});
  EXPECT_EQ(pooling.exit_code, 2);
  EXPECT_THAT(pooling.err, HasSubstr("optimizer.name"));
  EXPECT_EQ(Command({"table", "tiny", "--rows", "model.block", "--cols", "seed", "--pool", "optimizer.name"}).exit_code,
            0);
  for (const char* format : {"markdown", "latex", "csv", "json"}) {
    const Finished table = Command({"table", "tiny", "--format", format});
    EXPECT_EQ(table.exit_code, 0) << table.err;
    EXPECT_THAT(table.out, AnyOf(HasSubstr("optimizer.name"), HasSubstr("pre\\_norm")));
  }
  const Finished curves = Command({"curves", "tiny", "--metric", "kurtosis", "--site", "block", "--layer", "0"});
  EXPECT_THAT(curves.out, StartsWith("trial_id,step,metric,layer,site,value,model.block,optimizer.name,seed\n"));
  // Steps 0, 2, …, 28 and the last, 29, of four trials, and the title.
  EXPECT_EQ(std::count(curves.out.begin(), curves.out.end(), '\n'), 4 * 16 + 1);
  const Finished deeper = Command({"curves", "tiny", "--metric", "kurtosis", "--layer", "0,9"});
  EXPECT_EQ(deeper.exit_code, 0);
  EXPECT_THAT(deeper.err, AllOf(HasSubstr("layer 9"), Not(HasSubstr("kurtosis"))));
  const auto json =
      nlohmann::json::parse(Command({"curves", "tiny", "--metric", "train_loss", "--format", "json"}).out);
  EXPECT_EQ(json.size(), 4u);

  worker_->Signal(SIGTERM);
  EXPECT_EQ(worker_->Wait(), 0);
  coordinator_->Signal(SIGTERM);
  EXPECT_EQ(coordinator_->Wait(), 0);
}

// Clusters set these for what leads out of them; nobody listens at this port.
TEST_F(SweepCommands, ACoordinatorIsReachedWithoutTheProxyOfTheEnvironment) {
  const std::vector<std::string> proxy = {"http_proxy=http://127.0.0.1:9", "https_proxy=http://127.0.0.1:9"};
  StartCoordinator();
  const auto command = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kOfsweep);
    arguments.insert(arguments.end(), {"--coordinator", grpc_});
    return RunToEnd(arguments, proxy);
  };
  const Finished submitted = command({"submit", WriteSpec({.grid = "{model.block: [op]}"})});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  Process worker({kOfsweep, "worker", "--coordinator", grpc_, "--data-dir", Path("worker"), "--data-root",
                  folder_.string(), "--slots", "1"},
                 proxy);
  const Finished watched = command({"watch", "tiny"});
  EXPECT_EQ(watched.exit_code, 0) << watched.err << worker.Err();
}

TEST_F(SweepCommands, ADataFolderIsReadWithoutACoordinator) {
  ASSERT_EQ(Ofsweep({"run", WriteSpec({}), "--data-dir", Path("data"), "--slots", "2"}).exit_code, 0);
  const std::vector<std::string> offline = {"--data-dir", Path("data")};
  for (std::vector<std::string> command : {std::vector<std::string>{"ls"},
                                           {"show", "tiny"},
                                           {"table", "tiny"},
                                           {"watch", "tiny"},
                                           {"curves", "tiny", "--metric", "train_loss"}}) {
    command.insert(command.end(), offline.begin(), offline.end());
    const Finished result = Ofsweep(command);
    EXPECT_EQ(result.exit_code, 0) << command[0] << ": " << result.err;
    EXPECT_THAT(result.out, Not(IsEmpty()));
  }
  const Finished cancel = Ofsweep({"cancel", "tiny", "--data-dir", Path("data")});
  EXPECT_EQ(cancel.exit_code, 1);
  EXPECT_THAT(cancel.err, HasSubstr("ofsweep coordinator"));
}

TEST_F(SweepCommands, ATrainersLogIsFollowedToItsEndAndReadBack) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({.grid = "{seed: [0]}"})}).exit_code, 0);
  const std::string trial = nlohmann::json::parse(Command({"show", "tiny", "--json"}).out)["trials"][0]["trial_id"];
  EXPECT_THAT(Command({"logs", trial}).err, HasSubstr("has not begun"));
  EXPECT_EQ(Command({"show", trial}).out, Command({"show", "tiny", trial}).out) << "its id says which it is";
  EXPECT_THAT(Command({"retry", "tiny"}).out, HasSubstr("no trial had failed"));
  EXPECT_THAT(Command({"logs", "nobody"}).err, HasSubstr("`ofsweep ls --coordinator " + grpc_ + "`"));

  StartWorker();
  ASSERT_TRUE(WaitUntil([&] { return Count(Show("tiny"), "pending") == 0; }));
  const Finished followed = Command({"logs", trial, "--follow"});
  ASSERT_EQ(followed.exit_code, 0) << followed.err;
  const std::string log = FileText(Path("worker/trials/" + trial + "/logs/attempt-1.log"));
  EXPECT_THAT(log, HasSubstr("\n"));
  EXPECT_EQ(followed.out, log);
  EXPECT_EQ(Command({"logs", trial, "--attempt", "1"}).out, log);
  EXPECT_EQ(Command({"logs", trial, "--lines", "1"}).out, log.substr(log.rfind('\n', log.size() - 2) + 1));
  EXPECT_THAT(Command({"logs", trial, "--attempt", "2"}).err, HasSubstr("1 attempt, and none of number 2"));

  coordinator_->Signal(SIGTERM);
  EXPECT_EQ(coordinator_->Wait(), 0);
  EXPECT_EQ(Ofsweep({"logs", trial, "--data-dir", Path("data")}).out, log);
}

TEST_F(SweepCommands, AFollowedLogGoesOnWhenTheCoordinatorIsBack) {
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({.steps = 2000, .grid = "{seed: [0]}"})}).exit_code, 0);
  const std::string trial = nlohmann::json::parse(Command({"show", "tiny", "--json"}).out)["trials"][0]["trial_id"];
  StartWorker();
  ASSERT_TRUE(WaitUntil([&] { return Command({"logs", trial}).exit_code == 0; })) << worker_->Err();
  Process follower({kOfsweep, "logs", trial, "--follow", "--coordinator", grpc_});
  ASSERT_TRUE(follower.WaitForOut("\n")) << follower.Err();
  coordinator_->Signal(SIGKILL);
  coordinator_->Wait();
  ASSERT_TRUE(WaitUntil([&] { return follower.Err().find("is away") != std::string::npos; })) << follower.Err();
  StartCoordinator();
  EXPECT_EQ(follower.Wait(), 0) << follower.Err();
  EXPECT_EQ(follower.Out(), FileText(Path("worker/trials/" + trial + "/logs/attempt-1.log")));
}

// Its worker ends with the sweep, and so does the coordinator.
TEST_F(SweepCommands, OfARunEveryLogIsKept) {
  ASSERT_EQ(Ofsweep({"run", WriteSpec({}), "--data-dir", Path("data"), "--slots", "2"}).exit_code, 0);
  const auto shown = nlohmann::json::parse(Ofsweep({"show", "tiny", "--json", "--data-dir", Path("data")}).out);
  ASSERT_EQ(shown["trials"].size(), 4u);
  for (const auto& trial : shown["trials"]) {
    const std::string id = trial["trial_id"];
    EXPECT_EQ(Ofsweep({"logs", id, "--data-dir", Path("data")}).out,
              FileText(Path("data/trials/" + id + "/logs/attempt-1.log")));
  }
}

TEST_F(SweepCommands, TheSameFileWithTheSameSetIsTheSameSweepAndAnotherIsNot) {
  const std::string spec = WriteSpec({});
  StartCoordinator();
  ASSERT_EQ(Command({"submit", spec, "--set", "train.steps=7"}).exit_code, 0);
  EXPECT_THAT(Command({"submit", spec, "--set", "train.steps=7"}).out, HasSubstr("submitted before"));
  EXPECT_THAT(Show("tiny")["spec"].get<std::string>(), HasSubstr("train.steps: 7"));
  for (const std::vector<std::string>& other : {std::vector<std::string>{}, {"--set", "train.steps=8"}}) {
    std::vector<std::string> submit = {"submit", spec};
    submit.insert(submit.end(), other.begin(), other.end());
    const Finished refused = Command(submit);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("give this one another name"));
  }
}

// No checkpoint is due before the end: each goes on from the one that it wrote when it was told to stop.
TEST_F(SweepCommands, ACancelledSweepStopsAndResumesWhereItStopped) {
  const TinySweep sweep{
      .steps = 1500, .measure_every = 10, .checkpoint_every = 1500, .grid = "{model.block: [pre_norm, op]}"};
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec(sweep)}).exit_code, 0);
  StartWorker();
  // Of both: how far the one is when the other has a hundred points depends on what else the machine does.
  ASSERT_TRUE(WaitUntil([&] {
    return CountRows(Path("data/ofsweep.db"), "FROM (SELECT DISTINCT trial_id FROM curves WHERE step >= 100)") == 2;
  })) << worker_->Err();
  const Finished cancelled = Command({"cancel", "tiny"});
  ASSERT_EQ(cancelled.exit_code, 0) << cancelled.err;
  EXPECT_THAT(cancelled.out, HasSubstr("cancelled"));
  EXPECT_TRUE(WaitUntil([&] { return ChildrenCalled(worker_->pid(), "ofsweep-trainer").empty(); }));
  EXPECT_EQ(Count(Show("tiny"), "cancelled"), 2u);
  EXPECT_EQ(Command({"watch", "tiny"}).exit_code, 0);  // it has ended

  ASSERT_EQ(Command({"resume", "tiny"}).exit_code, 0);
  EXPECT_EQ(Command({"watch", "tiny"}).exit_code, 0);
  EXPECT_EQ(Count(Show("tiny"), "completed"), 2u);
  const Finished run = Ofsweep({"run", Path("tiny.yaml"), "--data-dir", Path("other"), "--slots", "2"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(StoredCurves(Path("data/ofsweep.db")) == StoredCurves(Path("other/ofsweep.db")))
      << "points were lost, doubled or changed";
  EXPECT_EQ(
      CountRows(Path("data/ofsweep.db"),
                "FROM attempts AS first JOIN attempts AS second USING (trial_id) WHERE first.outcome = 'cancelled' "
                "AND second.outcome = 'completed' AND first.from_step = 0 AND second.from_step = first.to_step "
                "AND second.from_step >= 100 AND second.to_step = 1500"),
      2);
}

TEST_F(SweepCommands, APausedSweepFinishesWhatRunsAndStartsNoMore) {
  // Four trials on two slots: two run when the sweep is paused, two wait.
  const TinySweep sweep{.steps = 600, .measure_every = 10};
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec(sweep)}).exit_code, 0);
  StartWorker();
  ASSERT_TRUE(WaitUntil([&] { return CountPoints(Path("data/ofsweep.db")) > 0; })) << worker_->Err();
  ASSERT_EQ(Command({"pause", "tiny"}).exit_code, 0);
  nlohmann::json shown;
  ASSERT_TRUE(WaitUntil([&] {
    shown = Show("tiny");
    return Count(shown, "running") == 0;
  }));
  EXPECT_EQ(shown["state"], "paused");
  EXPECT_EQ(Count(shown, "completed") + Count(shown, "pending"), 4u);
  EXPECT_GE(Count(shown, "pending"), 1u);
  const nlohmann::json table = nlohmann::json::parse(Command({"table", "tiny", "--format", "json"}).out);
  EXPECT_EQ(table["state"], "paused");
  EXPECT_TRUE(table["partial"]);
  ASSERT_EQ(Command({"resume", "tiny"}).exit_code, 0);
  EXPECT_EQ(Command({"watch", "tiny"}).exit_code, 0);
  EXPECT_EQ(Count(Show("tiny"), "completed"), 4u);
}

TEST_F(SweepCommands, AFailedTrialIsTrainedAgainWhenItsCauseIsMended) {
  const TinySweep sweep{.grid = "{data.path: [late.bin]}", .corpus = ""};
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec(sweep)}).exit_code, 0);
  StartWorker();
  const Finished failed = Command({"watch", "tiny"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("bad_data"), HasSubstr("late.bin"), HasSubstr("ofsweep retry tiny")));
  std::filesystem::copy_file(Path("tokens.bin"), Path("late.bin"));
  ASSERT_EQ(Command({"retry", "tiny"}).exit_code, 0);
  const Finished watched = Command({"watch", "tiny"});
  EXPECT_EQ(watched.exit_code, 0) << watched.err;
}

TEST_F(SweepCommands, ADeletedSweepLeavesNothingButWhatAnotherSweepHolds) {
  const auto folders = [&] {
    std::size_t count = 0;
    std::error_code ignored;
    for ([[maybe_unused]] const auto& folder : std::filesystem::directory_iterator(Path("worker/trials"), ignored)) {
      ++count;
    }
    return count;
  };
  StartCoordinator();
  ASSERT_EQ(Command({"submit", WriteSpec({})}).exit_code, 0);
  StartWorker();
  ASSERT_EQ(Command({"watch", "tiny"}).exit_code, 0);
  ASSERT_EQ(Command({"submit", WriteSpec({.name = "half", .grid = "{model.block: [op]}"})}).exit_code, 0);
  ASSERT_EQ(Command({"watch", "half"}).exit_code, 0);
  ASSERT_EQ(folders(), 4u);

  const Finished asked = Command({"rm", "tiny"});
  EXPECT_EQ(asked.exit_code, 1);
  EXPECT_THAT(asked.err, HasSubstr("--yes"));
  const Finished removed = Command({"rm", "tiny", "--yes"});
  ASSERT_EQ(removed.exit_code, 0) << removed.err;
  EXPECT_THAT(removed.out, AllOf(HasSubstr("3 trials"), HasSubstr("1 that other sweeps hold")));
  EXPECT_THAT(Command({"show", "tiny"}).err, HasSubstr("no sweep"));
  EXPECT_TRUE(WaitUntil([&] { return folders() == 1; })) << worker_->Err();
  EXPECT_EQ(Count(Show("half"), "completed"), 1u);

  ASSERT_EQ(Command({"submit", Path("tiny.yaml")}).exit_code, 0);
  EXPECT_EQ(Command({"watch", "tiny"}).exit_code, 0);
  EXPECT_EQ(CountRows(Path("data/ofsweep.db"), "FROM attempts WHERE outcome = 'completed'"), 4);
}

TEST_F(SweepCommands, APlanTimesEveryKindOfTrialWithoutACoordinatorOrACorpus) {
  const std::string spec = WriteSpec({.corpus = "data.path: none.bin"});
  const Finished planned = Ofsweep({"plan", spec, "--json"});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  const nlohmann::json plan = nlohmann::json::parse(planned.out);
  EXPECT_EQ(plan["trials"], 4);
  EXPECT_GT(plan["seconds"], 0);
  ASSERT_EQ(plan["rows"].size(), 4u);
  for (const nlohmann::json& row : plan["rows"]) {
    EXPECT_DOUBLE_EQ(row["seconds"].get<double>(), 30 * row["step_seconds"].get<double>());
    EXPECT_GT(row["timing"]["peak_bytes"], row["memory"]["weights"]);
  }
}

TEST_F(SweepCommands, APlanTimesTheMicroBatchesThatItShows) {
  const std::string spec = WriteSpec({.grid = "{seed: [0]}"});
  const auto row = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"plan", spec, "--json", "--slots", "1"});
    const Finished planned = Ofsweep(options);
    EXPECT_EQ(planned.exit_code, 0) << planned.err;
    return nlohmann::json::parse(planned.out)["rows"][0];
  };
  const double whole = row({"--memory", "1", "--no-measure"})["memory"]["peak"];
  const nlohmann::json less = row({"--memory", std::to_string(0.95 * whole / 1073741824)});
  EXPECT_LT(less["micro_batch_size"], 4);
  EXPECT_TRUE(less["fits"]);
  EXPECT_EQ(less["timing"]["rows"], less["micro_batch_size"]);
}

TEST_F(SweepCommands, APlanSaysWhatCannotFitInsteadOfTimingIt) {
  const Finished planned = Ofsweep({"plan", WriteSpec({}), "--memory", "0.0001"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(planned.out,
              AllOf(HasSubstr("Does not fit"), HasSubstr("model.width"), Not(HasSubstr("training takes"))));
}

TEST_F(SweepCommands, DataIsPreparedOnceForAllTrialsThatShareIt) {
  const Finished prepared = Ofsweep({"data", "prepare", WriteSpec({}), "--data-dir", Path("data")});
  EXPECT_EQ(prepared.exit_code, 0) << prepared.err;
  EXPECT_THAT(prepared.out, HasSubstr("data 1/1"));
}

}  // namespace
}  // namespace ofsweep
