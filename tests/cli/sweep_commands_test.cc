// What the commands of sweeps say, against a real coordinator and against its database once that has stopped.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command_line.h"
#include "cli/doctor.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Said {
  int exit_code = 0;
  std::string out, err;
};

Said Ofsweep(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ofsweep");
  std::vector<const char*> words;
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  std::ostringstream out, err;
  const int exit_code = CommandLine(static_cast<int>(words.size()), words.data(), {out, err});
  return {exit_code, out.str(), err.str()};
}

class SweepCommands : public ServerTest {
 protected:
  // With the coordinator's address.
  Said Call(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--coordinator", server_->grpc_address()});
    return Ofsweep(std::move(arguments));
  }

  std::string SpecFile(const std::string& text) {
    const std::string path = files_.File("sweep.yaml");
    std::ofstream(path) << text;
    return path;
  }

  // Ids of its trials, in its order.
  std::vector<std::string> Trials(const std::string& sweep) {
    v1::ListTrialsRequest request;
    request.set_sweep(sweep);
    request.set_page_size(1000);
    request.set_omit_config(true);
    v1::ListTrialsResponse response;
    EXPECT_TRUE(sweeps_->ListTrials(Context().get(), request, &response).ok());
    std::vector<std::string> ids;
    for (const v1::Trial& trial : response.trials()) ids.push_back(trial.trial_id());
    return ids;
  }

  void Train() {
    Submit(SmallSweep("s"));
    const v1::SynchronizeResponse answer = Synchronize(HelloFrom("w", 4));
    for (const v1::Start& start : answer.start()) Finish(start, "w", "completed", 2);
  }

  TemporaryFolder files_;
};

TEST_F(SweepCommands, WhatSetGaveIsShownAndNamedWhereItTellsSweepsApart) {
  const std::string file = SpecFile("name: set\ntrial: {train.device: cpu, train.steps: 20}\n");
  ASSERT_EQ(Call({"submit", file, "--set", "train.steps=100"}).exit_code, 0);
  EXPECT_THAT(Call({"show", "set"}).out, HasSubstr("\nset        train.steps=100\n"));
  const Said plain = Call({"submit", file});
  EXPECT_EQ(plain.exit_code, 1);
  EXPECT_THAT(plain.err, AllOf(HasSubstr("exists with other trials: it was submitted with --set train.steps=100"),
                               HasSubstr("this one is without --set")));
}

TEST_F(SweepCommands, ARefusalNamesTheKeysInWhichTheTrialsDiffer) {
  Submit(SmallSweep("s"));
  const std::string file = SpecFile("name: s\ntrial: {train.device: cpu, train.steps: 20, model.width: 60}\n");
  EXPECT_THAT(Call({"submit", file}).err,
              AllOf(HasSubstr("differ in "), HasSubstr("model.width"), HasSubstr("model.block")));
}

TEST_F(SweepCommands, ATrialIsFoundByTheBeginningOfItsId) {
  Train();
  const std::string id = Trials("s").front();
  EXPECT_THAT(Call({"show", id.substr(0, 6)}).out, HasSubstr(id));
  EXPECT_THAT(Call({"show", "s", id.substr(0, 6)}).out, HasSubstr(id));
  EXPECT_THAT(Call({"logs", id.substr(0, 6)}).err, HasSubstr("there is no log of attempt 1 of trial " + id));
  EXPECT_THAT(Call({"retry", "s", id.substr(0, 6)}).out, HasSubstr("no trial had failed"));
  EXPECT_EQ(Call({"curves", "s", "--metric", "train_loss", "--trial", id.substr(0, 6)}).exit_code, 0);
  EXPECT_EQ(Call({"show", id.substr(0, 3)}).exit_code, 1) << "too few digits";
  EXPECT_EQ(Call({"show", "s", id.substr(0, 6) + "g"}).exit_code, 1);
}

// Of so many trials some surely share their first four digits.
TEST_F(SweepCommands, ABeginningThatSeveralIdsHaveNamesThem) {
  std::string seeds = "0";
  for (int seed = 1; seed < 1000; ++seed) seeds += "," + std::to_string(seed);
  Submit("name: many\ntrial: {train.device: cpu}\ngrid: {seed: [" + seeds + "]}\n");
  std::vector<std::string> ids = Trials("many");
  std::sort(ids.begin(), ids.end());
  const auto same = std::adjacent_find(ids.begin(), ids.end(),
                                       [](const auto& a, const auto& b) { return a.substr(0, 4) == b.substr(0, 4); });
  ASSERT_NE(same, ids.end());
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"show", same->substr(0, 4)}, {"logs", same->substr(0, 4)}}) {
    const Said said = Call(command);
    EXPECT_EQ(said.exit_code, 1);
    EXPECT_THAT(said.err, AllOf(HasSubstr("several trials begin with"), HasSubstr(*same), HasSubstr(same[1])));
  }
}

TEST_F(SweepCommands, WholeNumbersOfATrialHaveEveryDigit) {
  Train();
  const std::string text = Call({"show", "s", Trials("s").front()}).out;
  EXPECT_THAT(text, ::testing::ContainsRegex("\nseed +0\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("\nattempts +1\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("\ntokens +20480\n"));
}

TEST_F(SweepCommands, WhereNothingIsChangedThatIsSaid) {
  Train();
  for (const char* command : {"cancel", "resume"}) {
    const Said said = Call({command, "s"});
    EXPECT_EQ(said.exit_code, 0) << command;
    EXPECT_THAT(said.out, StartsWith("nothing was changed: sweep s is finished")) << command;
  }
  Submit(SmallSweep("t") + "  train.batch_size: [7]\n");
  EXPECT_THAT(Call({"pause", "t"}).out, StartsWith("sweep t is paused"));
  EXPECT_THAT(Call({"pause", "t"}).out, StartsWith("nothing was changed: sweep t is paused"));
}

TEST_F(SweepCommands, WhatIsNotConfirmedIsNotDeletedAndSaysSo) {
  Submit(SmallSweep("s"));
  const Said said = Call({"rm", "s"});
  EXPECT_EQ(said.exit_code, 1);
  EXPECT_THAT(said.err, AllOf(HasSubstr("not deleted: sweep s"), HasSubstr("--yes")));
}

TEST_F(SweepCommands, APortOfHttpIsToldFromOneWhereNobodyAnswers) {
  const Said said = Ofsweep({"ls", "--coordinator", server_->http_address()});
  EXPECT_EQ(said.exit_code, 1);
  EXPECT_THAT(said.err, AllOf(HasSubstr("speaks HTTP"), HasSubstr("7070")));
}

TEST_F(SweepCommands, WithoutACoordinatorWhoNeedsOneIsToldWhatToDo) {
  Train();
  const std::string id = Trials("s").front(), folder = folder_.path().string();
  server_.reset();
  const std::string file = SpecFile(SmallSweep("s"));
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"workers"}, {"submit", file}, {"cancel", "s"}, {"rm", "s", "--yes"}}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), {"--data-dir", folder});
    const Said said = Ofsweep(words);
    EXPECT_EQ(said.exit_code, 1) << command[0];
    EXPECT_THAT(said.err, AllOf(HasSubstr("no coordinator is running"), HasSubstr(folder),
                                HasSubstr("`ofsweep coordinator --data-dir " + folder + "`"),
                                HasSubstr("--coordinator HOST:PORT")))
        << command[0];
  }
  // A copy has no logs beside it.
  const std::string copy = files_.File("copy.sqlite");
  std::filesystem::copy_file(folder + "/ofsweep.db", copy);
  EXPECT_THAT(Ofsweep({"logs", id, "--data-dir", copy}).err,
              AllOf(HasSubstr("there is no " + files_.File("logs.db")), HasSubstr("a copy of a database")));
}

TEST_F(SweepCommands, OnlyWhatReadsIsAdvisedToReadAFolder) {
  EXPECT_THAT(Ofsweep({"ls", "--coordinator", "127.0.0.1:1"}).err, HasSubstr("--data-dir"));
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"rm", "s"}, {"workers"}, {"pause", "s"}, {"submit", SpecFile(SmallSweep("s"))}}) {
    std::vector<std::string> words = command;
    words.insert(words.end(), {"--coordinator", "127.0.0.1:1"});
    EXPECT_THAT(Ofsweep(words).err, AllOf(HasSubstr("cannot reach"), Not(HasSubstr("--data-dir")))) << command[0];
  }
}

TEST_F(SweepCommands, ALayerThatNoModelHasIsTold) {
  Train();
  const Said table = Call({"table", "s", "--metrics", "kurtosis@block.7"});
  EXPECT_EQ(table.exit_code, 0);
  EXPECT_THAT(table.err, HasSubstr("kurtosis@block.7: no trial has layer 7, the last one is 1"));
  EXPECT_EQ(Call({"table", "s", "--metrics", "kurtosis@block.1"}).err, "");
  EXPECT_THAT(Call({"curves", "s", "--metric", "kurtosis", "--layer", "9"}).err, HasSubstr("layer 9"));
}

TEST_F(SweepCommands, MistakesOfATableAreToldByTheOption) {
  Train();
  const auto table = [&](const std::string& baseline) { return Call({"table", "s", "--baseline", baseline}).err; };
  EXPECT_THAT(table("model.block=adam"), StartsWith("--baseline: no trial has model.block"));
  EXPECT_THAT(table("model.blok=op"), AllOf(StartsWith("--baseline: "), HasSubstr("did you mean model.block?")));
}

TEST_F(SweepCommands, DoctorCallsTheCoordinatorThatIsNamed) {
  const auto examine = [](const std::string& coordinator) {
    for (const Check& check : Examine({.data_dir = ".", .ports = {}, .coordinator = coordinator})) {
      if (check.what == "coordinator") return check;
    }
    return Check{};
  };
  EXPECT_EQ(examine(server_->grpc_address()).verdict, Verdict::kOk);
  const Check away = examine("127.0.0.1:1");
  EXPECT_EQ(away.verdict, Verdict::kMissing);
  EXPECT_THAT(away.found, HasSubstr("127.0.0.1:1 does not answer"));
  EXPECT_THAT(away.fix, HasSubstr("cannot reach the coordinator"));
}

}  // namespace
}  // namespace ofsweep
