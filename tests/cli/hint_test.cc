#include "cli/hint.h"

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

TEST(Hint, RepeatsWhereTheSweepsAre) {
  EXPECT_EQ(RepeatOptions("it is cancelled: `ofsweep resume s`; `ofsweep ls` lists them",
                          {.coordinator = "gpu-1:7070", .data_dir = std::nullopt}),
            "it is cancelled: `ofsweep resume s --coordinator gpu-1:7070`; `ofsweep ls --coordinator gpu-1:7070` lists "
            "them");
  EXPECT_EQ(RepeatOptions("`ofsweep show s` and `ofsweep coordinator`", {.data_dir = "my data"}),
            "`ofsweep show s --data-dir 'my data'` and `ofsweep coordinator --data-dir 'my data'`");
}

TEST(Hint, OfADatabaseFileNothingIsServed) {
  const TemporaryFolder folder;
  folder.Write("copy.db", "");
  const std::string copy = folder.File("copy.db");
  EXPECT_EQ(RepeatOptions("`ofsweep show s` and `ofsweep coordinator`", {.data_dir = copy}),
            "`ofsweep show s --data-dir " + copy + "` and `ofsweep coordinator`");
}

TEST(Hint, LeavesAloneWhatTakesNoSuchOptionOrHasIt) {
  for (const char* text :
       {"`ofsweep spec` lists every key", "`ofsweep ls --coordinator a:1`", "ofsweep ls", "`ofsweep "}) {
    EXPECT_EQ(RepeatOptions(text, {.coordinator = "gpu-1:7070"}), text);
  }
  EXPECT_EQ(RepeatOptions("`ofsweep ls`", {}), "`ofsweep ls`");
}

TEST(Hint, AWordIsQuotedForTheShell) {
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("/data/x-1"), "/data/x-1");
}

}  // namespace
}  // namespace ofsweep
