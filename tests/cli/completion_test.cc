// Completion asks the description that parses, as the shells' scripts do.

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_split.h"
#include "cli/command_line.h"
#include "cli/completion.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string Output(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ofsweep");
  std::ostringstream out, err;
  CommandLine(static_cast<int>(arguments.size()), arguments.data(), {out, err});
  return out.str();
}

std::vector<std::string> Completed(std::vector<const char*> words) {
  words.insert(words.begin(), kCompleteArgument);
  return absl::StrSplit(Output(words), '\n', absl::SkipEmpty());
}

TEST(Completion, CommandsAndTheirOptionsAreThoseOfTheHelp) {
  EXPECT_THAT(Completed({"re"}), ElementsAre("resume", "retry"));
  EXPECT_THAT(Completed({"data", ""}), ElementsAre("prepare"));
  EXPECT_THAT(Completed({"submit", "--"}), AllOf(Contains("--set"), Contains("--coordinator"), Contains("--log-level"),
                                                 Not(Contains("--data-dir")), Not(Contains("--rows"))));
  EXPECT_THAT(Completed({"--log-level", "w"}), ElementsAre("warning"));
}

TEST(Completion, ValuesAreThoseThatTheOptionTakes) {
  EXPECT_THAT(Completed({"table", "s", "--format", ""}), ElementsAre("csv", "json", "latex", "markdown", "text"));
  EXPECT_THAT(Completed({"run", "x.yaml", "--set", "optimizer.learn"}), ElementsAre("optimizer.learning_rate="));
  EXPECT_THAT(Completed({"table", "s", "--rows", "seed,model.blo"}), ElementsAre("seed,model.block"));
  EXPECT_THAT(Completed({"curves", "s", "--metric", "kurtosis"}),
              AllOf(Contains("kurtosis"), Each(StartsWith("kurtosis"))));
  EXPECT_THAT(Completed({"curves", "s", "--site", "em"}), ElementsAre("embedding"));
  EXPECT_THAT(Completed({"run", "swee"}), IsEmpty()) << "a file, which the shell completes";
}

TEST(Completion, SweepsAreAskedForWhereTheWordsSay) {
  CLI::App app;
  app.add_subcommand("watch")->add_option("SWEEP");
  std::string coordinator;
  app.get_subcommand("watch")->add_option("--coordinator", coordinator);
  const SweepNames sweeps = [](const ConnectionOptions& where) {
    return std::vector<std::string>{"all", where.coordinator.value_or("none")};
  };
  EXPECT_THAT(Complete(app, {"watch", "--coordinator", "gpu-1:7070", ""}, sweeps), ElementsAre("all", "gpu-1:7070"));
  EXPECT_THAT(Complete(app, {"watch", "n"}, sweeps), ElementsAre("none"));
}

TEST(Completion, ACoordinatorThatIsNotThereHasNoSweeps) {
  EXPECT_THAT(Completed({"watch", "--coordinator", "127.0.0.1:1", ""}), IsEmpty());
}

// A shell that has read what `ofsweep completion SHELL` prints, and asks with `commands` what stands behind
// "ofsweep submit x.yaml --set optimizer.learn". The program is the one that was built.
std::string Asked(const std::string& shell, const std::string& before, const std::string& commands) {
  const std::string script = testing::TempDir() + "/completion." + shell;
  const std::string output = script + ".out";
  std::ofstream(script) << before << Output({"completion", shell.c_str()}) << commands;
  const std::string call = "PATH=" OFSWEEP_BIN_DIR ":$PATH " + shell + " " + script + " > " + output;
  EXPECT_EQ(std::system(call.c_str()), 0);
  std::stringstream text;
  text << std::ifstream(output).rdbuf();
  return text.str();
}

TEST(Completion, BashCompletesByItsScript) {
  EXPECT_EQ(Asked("bash", "compopt() { :; }\n", R"(
COMP_WORDS=(ofsweep submit x.yaml --set optimizer.learn) COMP_CWORD=4
COMP_LINE=${COMP_WORDS[*]} COMP_POINT=${#COMP_LINE}
_ofsweep
printf '%s\n' "${COMPREPLY[@]}"
)"),
            "optimizer.learning_rate=\n");
}

TEST(Completion, ZshCompletesByItsScript) {
  EXPECT_EQ(Asked("zsh", "compdef() { : }\ncompadd() { print -l -- ${(P)@[-1]} }\n", R"(
words=(ofsweep submit x.yaml --set optimizer.learn) CURRENT=5
_ofsweep
)"),
            "optimizer.learning_rate=\n");
}

TEST(Completion, FishCompletesByItsScript) {
  EXPECT_EQ(Asked("fish", "", "complete -C 'ofsweep submit x.yaml --set optimizer.learn'\n"),
            "optimizer.learning_rate=\n");
}

}  // namespace
}  // namespace ofsweep
