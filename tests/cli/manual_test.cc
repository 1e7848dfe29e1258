#include "cli/manual.h"

#include <gmock/gmock.h>

#include <sstream>

#include "cli/command_line.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Manual, HasEveryCommandThatTheHelpLists) {
  std::ostringstream manual, help, err;
  const char* ask_manual[] = {"ofsweep", kManualArgument};
  const char* ask_help[] = {"ofsweep", "--help"};
  ASSERT_EQ(CommandLine(2, ask_manual, {manual, err}), 0);
  ASSERT_EQ(CommandLine(2, ask_help, {help, err}), 0);
  EXPECT_THAT(manual.str(), AllOf(StartsWith(".TH OFSWEEP 1"), HasSubstr("OFSWEEP_COORDINATOR"),
                                  HasSubstr("\\fB\\-\\-set\\fR"), HasSubstr(".SS \"db backup\"")));
  std::istringstream lines(help.str().substr(help.str().find("Subcommands:\n")));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ") || line[2] == ' ') continue;
    EXPECT_THAT(manual.str(), HasSubstr(".SS \"" + line.substr(2, line.find(' ', 2) - 2)));
  }
}

TEST(Manual, NoTextOfTheDescriptionIsARequest) {
  CLI::App app("does\n.so /etc/passwd \\n");
  app.add_subcommand("go", ".TH is no request");
  const std::string manual = Manual(app, "ofsweep 1");
  EXPECT_THAT(manual, AllOf(Not(HasSubstr("\n.so")), Not(HasSubstr("\n.TH is")), HasSubstr("\\en")));
}

}  // namespace
}  // namespace ofsweep
