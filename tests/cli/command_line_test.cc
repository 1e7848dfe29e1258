#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/hint.h"
#include "experiment/build_revision.h"
#include "experiment/data_folder.h"
#include "storage/writer_lock.h"
#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Result {
  int exit_code = 0;
  std::string out, err;
};

Result Ofsweep(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ofsweep");
  std::ostringstream out, err;
  const int exit_code = CommandLine(static_cast<int>(arguments.size()), arguments.data(), {out, err});
  return {exit_code, out.str(), err.str()};
}

// The subcommands that --help lists.
std::set<std::string> Commands() {
  const std::string help = Ofsweep({"--help"}).out;
  std::set<std::string> commands;
  std::istringstream lines(help.substr(help.find("Subcommands:\n")));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ") && line[2] != ' ') commands.insert(line.substr(2, line.find(' ', 2) - 2));
  }
  return commands;
}

TEST(CommandLine, LogsTakesOneTrialAndCountsFromOne) {
  EXPECT_EQ(Ofsweep({"logs"}).exit_code, 2);
  EXPECT_EQ(Ofsweep({"logs", "t", "--attempt", "0"}).exit_code, 2);
  EXPECT_EQ(Ofsweep({"logs", "t", "--lines", "-1"}).exit_code, 2);
  const Result nowhere = Ofsweep({"logs", "t", "--data-dir", "/nonexistent"});
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("--data-dir"));
}

TEST(CommandLine, SizesOfLogsHaveUnits) {
  for (const char* refused : {"1", "-1MiB", "nan", "much", "1e30"}) {
    EXPECT_EQ(Ofsweep({"coordinator", "--log-bytes", refused, "--grpc", "none"}).exit_code, 2) << refused;
  }
  // Goes on to an address that is none.
  EXPECT_THAT(Ofsweep({"coordinator", "--log-bytes", "64MiB", "--grpc", "none", "--data-dir", "/proc/none"}).err,
              Not(HasSubstr("--log-bytes")));
}

TEST(CommandLine, AWordThatIsNotUtf8IsNamedBeforeAnythingIsDone) {
  const std::vector<std::vector<const char*>> calls = {{"show", "s\xff"},
                                                       {"ls", "--tag", "\xff"},
                                                       {"curves", "s", "--metric", "\xff"},
                                                       {"plan", "x.yaml", "--set", "train.steps=\xff"}};
  for (const std::vector<const char*>& words : calls) {
    const Result refused = Ofsweep(words);
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("argument "), HasSubstr("?\", is not UTF-8"))) << words[0];
  }
}

TEST(CommandLine, ASweepFileThatIsNotUtf8IsRefusedWithThePlace) {
  const TemporaryFolder folder;
  const std::string latin = folder.Write("latin.yaml", "name: s\ndescription: \xe9t\xe9\n");
  const std::string utf16 = folder.Write("utf16.yaml", "\xff\xfen\nName");
  const std::string binary = folder.Write("binary.yaml", std::string("name: s\n\0\n", 10));
  for (const char* command : {"plan", "run", "submit"}) {
    const Result refused = Ofsweep({command, latin.c_str()});
    EXPECT_EQ(refused.exit_code, 2) << command;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("latin.yaml:2: byte 14 of this line (0xe9)"), HasSubstr("as UTF-8")))
        << command;
  }
  EXPECT_THAT(Ofsweep({"plan", utf16.c_str()}).err, HasSubstr("utf16.yaml:1: byte 1 "));
  EXPECT_THAT(Ofsweep({"plan", binary.c_str()}).err, HasSubstr("binary.yaml:2: byte 1 "));
}

TEST(CommandLine, HelpAndVersionGoToStandardOutput) {
  const Result help = Ofsweep({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(Ofsweep({"--version"}).exit_code, 0);
  EXPECT_THAT(Ofsweep({"--version"}).out, AllOf(StartsWith("ofsweep "), HasSubstr(std::string(BuildRevision()))));
}

// Commands are a part of the contract: CHANGELOG.md lists them.
TEST(CommandLine, HelpShowsTheCommandsThatTheChangelogLists) {
  std::stringstream changelog;
  changelog << std::ifstream(OFSWEEP_SOURCE_DIR "/CHANGELOG.md").rdbuf();
  const std::string text = changelog.str();
  const std::string head = "- Commands: ";
  const std::size_t begin = text.find(head) + head.size();
  std::set<std::string> listed;
  for (std::istringstream names(text.substr(begin, text.find('.', begin) - begin)); names;) {
    std::string name;  // "data prepare" is a command of `data`
    std::getline(names >> std::ws, name, ',');
    if (!name.empty()) listed.insert(name.substr(0, name.find(' ')));
  }
  EXPECT_EQ(Commands(), listed);
}

TEST(CommandLine, WrongUsageExits2AndSaysWhatIsWrong) {
  EXPECT_EQ(Ofsweep({}).exit_code, 2);
  EXPECT_EQ(Ofsweep({"fly"}).exit_code, 2);
  const Result missing = Ofsweep({"table"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("SWEEP"));
  const Result format = Ofsweep({"table", "x", "--format", "word"});
  EXPECT_EQ(format.exit_code, 2);
  EXPECT_THAT(format.err, HasSubstr("markdown"));
  EXPECT_EQ(Ofsweep({"table", "x", "--diverged", "perhaps"}).exit_code, 2);
  EXPECT_EQ(Ofsweep({"curves", "x"}).exit_code, 2);
  EXPECT_EQ(Ofsweep({"db", "backup"}).exit_code, 2);
  for (const char* every : {"0", "-5", "soon", "5 days"}) {
    EXPECT_EQ(Ofsweep({"db", "backup", "--to", "copy.db", "--every", every}).exit_code, 2) << every;
  }
  EXPECT_EQ(Ofsweep({"coordinator", "--metrics-retention", "-1"}).exit_code, 2);
  EXPECT_EQ(Ofsweep({"worker", "--slots", "1025"}).exit_code, 2);
}

TEST(CommandLine, AMisspeltSubcommandOrOptionIsToldItsNearest) {
  EXPECT_THAT(Ofsweep({"sumbit", "grid.yaml"}).err, HasSubstr("did you mean submit?"));
  EXPECT_THAT(Ofsweep({"db", "chekc"}).err, HasSubstr("did you mean check?"));
  EXPECT_THAT(Ofsweep({"table", "s", "--colls=seed"}).err, HasSubstr("\"--colls\": did you mean --cols?"));
  EXPECT_THAT(Ofsweep({"ls", "--log-levle", "info"}).err, HasSubstr("did you mean --log-level?"));
  EXPECT_THAT(Ofsweep({"--coordinator", "x:1", "ls"}).err, HasSubstr("ofsweep ls --coordinator"));
  EXPECT_THAT(Ofsweep({"xylophone"}).err, Not(HasSubstr("did you mean")));
  // The name of a sweep is no subcommand.
  EXPECT_THAT(Ofsweep({"show", "runn", "trial", "more"}).err, Not(HasSubstr("did you mean")));
}

// NaN is neither too small nor too large.
TEST(CommandLine, NumbersThatAreNoneAreRefusedWithWhatIsExpected) {
  for (const char* bad : {"nan", "inf", "-1", "4GB"}) {
    for (const std::vector<const char*>& arguments :
         {std::vector<const char*>{"coordinator", "--metrics-retention", bad},
          {"run", "x.yaml", "--metrics-retention", bad},
          {"plan", "x.yaml", "--memory", bad},
          {"db", "backup", "--to", "copy.db", "--every", bad}}) {
      const Result refused = Ofsweep(arguments);
      EXPECT_EQ(refused.exit_code, 2) << arguments[0] << " " << bad;
      EXPECT_LT(refused.err.size(), 300u) << refused.err;
      if (std::string("--every") == arguments[arguments.size() - 2]) continue;
      EXPECT_THAT(refused.err, AllOf(HasSubstr(arguments[arguments.size() - 2]), HasSubstr("expected a number "),
                                     HasSubstr(std::string("got \"") + bad + "\"")));
    }
  }
}

TEST(CommandLine, ResultsThatCannotBeWrittenAreAFailure) {
  std::ofstream full("/dev/full");
  std::ostringstream err;
  const std::vector<const char*> arguments = {"ofsweep", "spec"};
  EXPECT_EQ(CommandLine(2, arguments.data(), {full, err}), 1);
  EXPECT_THAT(err.str(), HasSubstr("standard output cannot be written"));
}

TEST(CommandLine, AMissingSpecExits2AndNamesTheFile) {
  const Result result = Ofsweep({"submit", "no-such.yaml"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("no-such.yaml"));
}

TEST(CommandLine, EveryMistakeOfASpecIsALineBeforeAnythingIsPrepared) {
  const std::string path = (std::filesystem::temp_directory_path() / "command_line_test.yaml").string();
  std::ofstream(path) << "name: x\ntrial:\n  optimizer.learning_rat: 1\n  model.layers: many\n";
  const Result result = Ofsweep({"data", "prepare", path.c_str()});
  std::filesystem::remove(path);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(path + ":3: optimizer.learning_rat: "));
  EXPECT_THAT(result.err, HasSubstr(path + ":4: model.layers: "));
}

TEST(CommandLine, AFileIsReadBeforeAnythingIsMadeForIt) {
  const std::string folder = testing::TempDir() + "/not-made", spec = testing::TempDir() + "/contradiction.yaml";
  std::ofstream(spec) << "name: bad\ntrial: {model.heads: 7}\n";
  const Result result = Ofsweep({"run", spec.c_str(), "--data-dir", folder.c_str()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("model.heads"), Not(HasSubstr("grpc"))));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(CommandLine, TokensThatAreNoneAreRefusedBeforeTheyAreSubmitted) {
  const std::string tokens = testing::TempDir() + "three.bin", spec = testing::TempDir() + "tokens.yaml";
  std::ofstream(tokens) << "abc";
  std::ofstream(spec) << "name: x\ntrial: {data.source: tokens, data.path: three.bin, model.vocabulary: 300}\n";
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"submit", spec.c_str(), "--coordinator", "127.0.0.1:1"},
        {"submit", spec.c_str(), "--validate-only", "--data-dir", "no-folder"},
        {"run", spec.c_str(), "--data-dir", "/nonexistent"}}) {
    const Result result = Ofsweep(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[0];
    EXPECT_THAT(result.err, AllOf(HasSubstr(tokens), HasSubstr("no whole number of uint16 tokens"))) << arguments[0];
  }
}

TEST(CommandLine, ACoordinatorThatIsNotThereExits1WithHowToStartIt) {
  // Port 1 is reserved and never served here.
  const Result result = Ofsweep({"ls", "--coordinator", "127.0.0.1:1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot reach the coordinator at 127.0.0.1:1"));
}

// The environment of one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(CommandLine, TheEnvironmentNamesTheCoordinatorOfCommandsThatAreNotToldOne) {
  const Variable variable("OFSWEEP_COORDINATOR", "127.0.0.1:2");
  EXPECT_THAT(Ofsweep({"ls"}).err, HasSubstr("cannot reach the coordinator at 127.0.0.1:2"));
  EXPECT_THAT(Ofsweep({"ls", "--coordinator", "127.0.0.1:1"}).err, HasSubstr("at 127.0.0.1:1"));
  EXPECT_THAT(Ofsweep({"ls", "--data-dir", "no-such-folder"}).err, HasSubstr("no-such-folder"));
}

TEST(CommandLine, ACoordinatorThatIsNoAddressIsToldWithWhereItWasGiven) {
  for (const char* bad : {"gpu-1", "gpu-1:0", "http://gpu-1:7070"}) {
    const Result option = Ofsweep({"ls", "--coordinator", bad});
    EXPECT_EQ(option.exit_code, 2);
    EXPECT_THAT(option.err, AllOf(HasSubstr("--coordinator: expected HOST:PORT"), HasSubstr(bad)));
    const Variable variable("OFSWEEP_COORDINATOR", bad);
    for (const std::vector<const char*>& command :
         {std::vector<const char*>{"ls"}, {"worker"}, {"cancel", "s"}, {"evaluate", "s", "--bits", "w8a8"}}) {
      const Result environment = Ofsweep(command);
      EXPECT_EQ(environment.exit_code, 2) << command[0];
      EXPECT_THAT(environment.err, AllOf(HasSubstr("OFSWEEP_COORDINATOR: expected HOST:PORT"), HasSubstr(bad)));
    }
  }
}

TEST(CommandLine, EveryCommandThatTakesACoordinatorSaysThatTheEnvironmentMayNameIt) {
  for (const std::string& command : Commands()) {
    const std::string help = Ofsweep({command.c_str(), "--help"}).out;
    EXPECT_EQ(help.find("--coordinator") != std::string::npos, help.find("OFSWEEP_COORDINATOR") != std::string::npos)
        << command;
  }
}

// What hint.h knows of the commands is what their help says.
TEST(CommandLine, HintsRepeatTheOptionsThatACommandHas) {
  for (const std::string& command : Commands()) {
    const std::string help =
        command == "token" ? Ofsweep({"token", "make", "--help"}).out : Ofsweep({command.c_str(), "--help"}).out;
    EXPECT_EQ(TakesCoordinator(command), help.find("--coordinator") != std::string::npos) << command;
    const bool has_folder = help.find("--data-dir") != std::string::npos;
    EXPECT_TRUE(has_folder || !TakesDatabaseFolder(command)) << command;
  }
}

TEST(CommandLine, AListOfKeysDoesNotSwallowTheArgumentBehindIt) {
  const Result result = Ofsweep({"table", "--rows", "model.block,seed", "quickstart", "--coordinator", "127.0.0.1:1"});
  EXPECT_THAT(result.err, HasSubstr("cannot reach"));
}

TEST(CommandLine, ListsAreDividedByCommasAsTheirHelpAndTheErrorSay) {
  EXPECT_THAT(Ofsweep({"run", "--help"}).out, AllOf(HasSubstr("--metrics METRIC,…"), HasSubstr("--rows KEY,…"),
                                                    HasSubstr("--pool KEY,…"), Not(HasSubstr("..."))));
  EXPECT_THAT(Ofsweep({"curves", "--help"}).out, AllOf(HasSubstr("--metric METRIC,…"), HasSubstr("--layer LAYER,…")));
  EXPECT_THAT(Ofsweep({"evaluate", "--help"}).out, HasSubstr("--bits BITS,…"));
  const Result spaces = Ofsweep({"table", "s", "--metrics", "eval_loss", "train_loss"});
  EXPECT_EQ(spaces.exit_code, 2);
  EXPECT_THAT(spaces.err, AllOf(HasSubstr("train_loss"), HasSubstr("commas"), HasSubstr("--metrics METRIC,…")));
  const Result curves = Ofsweep({"curves", "s", "--metric", "eval_loss", "train_loss"});
  EXPECT_THAT(curves.err, AllOf(HasSubstr("train_loss"), HasSubstr("commas: --metric METRIC,…")));
  EXPECT_THAT(Ofsweep({"table", "s", "t"}).err, Not(HasSubstr("commas")));
}

TEST(CommandLine, ABaselineIsAKeyAndAValue) {
  const Result baseline = Ofsweep({"table", "s", "--baseline", "model.block"});
  EXPECT_EQ(baseline.exit_code, 2);
  EXPECT_THAT(baseline.err, AllOf(HasSubstr("--baseline"), HasSubstr("model.block=pre_norm")));
}

TEST(CommandLine, ABestKeyIsCheckedBeforeAnythingIsTrained) {
  const Result best = Ofsweep({"table", "s", "--best", "optimizer.learning_rat"});
  EXPECT_EQ(best.exit_code, 2);
  EXPECT_THAT(best.err, AllOf(HasSubstr("--best"), HasSubstr("did you mean optimizer.learning_rate?")));
}

TEST(CommandLine, AnUnknownNameOfAFormatIsToldWithTheKnownOnes) {
  const Result format = Ofsweep({"curves", "s", "--metric", "kurtosis", "--format", "xml"});
  EXPECT_EQ(format.exit_code, 2);
  EXPECT_THAT(format.err, AllOf(HasSubstr("csv, json"), HasSubstr("xml"), Not(HasSubstr("->"))));
}

TEST(CommandLine, OnlyWhatReadsOffersADataFolder) {
  for (const char* command : {"ls", "show", "table", "curves", "plot", "watch"}) {
    EXPECT_THAT(Ofsweep({command, "--help"}).out, HasSubstr("--data-dir")) << command;
  }
  for (const char* command : {"submit", "pause", "resume", "cancel", "retry"}) {
    EXPECT_THAT(Ofsweep({command, "--help"}).out, Not(HasSubstr("--data-dir"))) << command;
  }
}

TEST(CommandLine, ADataFolderWithoutDatabaseSaysSo) {
  const std::string folder = testing::TempDir() + "/no-database";
  const Result result = Ofsweep({"ls", "--data-dir", folder.c_str()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr(folder));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(CommandLine, WhoChangesASweepOfAFolderThatACoordinatorHasIsToldWhichOne) {
  const std::string folder = testing::TempDir() + "/held-folder";
  std::filesystem::create_directories(folder);
  const auto lock = WriterLock::Acquire(DatabasePath(folder));
  ASSERT_TRUE(lock.ok()) << lock.status();
  const Result result = Ofsweep({"cancel", "s", "--data-dir", folder.c_str()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("process " + std::to_string(::getpid())), HasSubstr(folder),
                                HasSubstr("--coordinator HOST:PORT")));
}

TEST(CommandLine, ValidationNeedsNeitherCoordinatorNorDatabase) {
  const std::string folder = testing::TempDir() + "/validated";
  const Result good = Ofsweep(
      {"submit", (OFSWEEP_SOURCE_DIR "/sweeps/quickstart.yaml"), "--validate-only", "--data-dir", folder.c_str()});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("It is valid; nothing was submitted."));
  EXPECT_FALSE(std::filesystem::exists(folder));

  const std::string spec = testing::TempDir() + "/bad-spec.yaml";
  std::ofstream(spec) << "name: bad\ntrial: {train.steps: none}\n";
  const Result bad = Ofsweep({"submit", spec.c_str(), "--validate-only", "--data-dir", folder.c_str()});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("train.steps"));
}

TEST(CommandLine, SetTakesThePlaceOfWhatTheFileSays) {
  const std::string folder = testing::TempDir() + "/set";
  const auto submit = [&](const char* assignment) {
    return Ofsweep({"submit", (OFSWEEP_SOURCE_DIR "/sweeps/quickstart.yaml"), "--validate-only", "--data-dir",
                    folder.c_str(), "--set", "train.steps=7", "--set", assignment});
  };
  EXPECT_EQ(submit("optimizer.learning_rate=1e-3").exit_code, 0);
  EXPECT_THAT(submit("optimizer.lerning_rate=1").err,
              HasSubstr("--set optimizer.lerning_rate=1: unknown key; did you mean optimizer.learning_rate?"));
  EXPECT_THAT(submit("model.block=op").err, HasSubstr("--set model.block=op: the sweep varies this key"));
  EXPECT_THAT(submit("train.steps=8").err, HasSubstr("--set train.steps=7: is given twice"));
  EXPECT_EQ(submit("model.block=op").exit_code, 2);
}

TEST(CommandLine, PlanNeedsNoCoordinator) {
  const Result result = Ofsweep({"plan", OFSWEEP_SOURCE_DIR "/sweeps/7b.yaml", "--no-measure"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("A GPU of 24 GB cannot train it"));
}

TEST(CommandLine, SpecPrintsTheKeys) {
  const Result result = Ofsweep({"spec", "--format", "yaml"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("learning_rate: 0.001"));
}

}  // namespace
}  // namespace ofsweep
