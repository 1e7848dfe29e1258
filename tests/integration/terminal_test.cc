// Progress in a terminal of 80 × 24 characters, whose window changes: lines stay whole, and are redrawn in place.

#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>

#include "tests/integration/sweep_fixture.h"
#include "tests/integration/tmux.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kHead = " trials ended · ";

// The step in the last row, which shows one of two running trials of `steps` steps; -1 unless the last rows are the
// head of the display and those two, each a line of its own.
int StepOfWholeDisplay(const Screen& screen, int steps) {
  const std::string of_steps = "/" + std::to_string(steps) + " ";
  if (screen.rows.size() < 3 || screen.lines.size() < 3) return -1;
  const auto head = screen.rows.end() - 3;
  const bool is_whole = head[0].find(kHead) != std::string::npos && head[1].find(of_steps) != std::string::npos &&
                        std::equal(head, screen.rows.end(), screen.lines.end() - 3);
  const std::size_t end = screen.rows.back().find(of_steps);
  if (!is_whole || end == std::string::npos) return -1;
  return std::stoi(screen.rows.back().substr(screen.rows.back().find_last_not_of("0123456789", end - 1) + 1));
}

class TerminalWindow : public SweepFixture {
 protected:
  std::vector<std::string> Run(const std::string& sweep) const {
    return {kOfsweep, "run", sweep + ".yaml", "--data-dir", "data", "--slots", "2"};
  }

  // Waits until the display is whole, and then for three more that take its place: no row is added, in the window or
  // above it.
  static void ExpectRedraws(const Tmux& terminal, int steps) {
    std::size_t rows = 0;
    int step = -1;
    for (int i = 0; i < 4; ++i) {
      Screen screen;
      const int before = step;
      ASSERT_TRUE(terminal.WaitFor([&](const Screen& now) {
        screen = now;
        step = StepOfWholeDisplay(screen, steps);
        return step > before;
      })) << screen.Text();
      if (i > 0) {
        EXPECT_EQ(screen.rows.size(), rows) << screen.Text();
      }
      rows = screen.rows.size();
    }
  }
};

TEST_F(TerminalWindow, ARunIsRedrawnInPlaceHoweverWideTheWindowAndCtrlCEndsIt) {
  constexpr int kSteps = 100'000;
  WriteSpec({.steps = kSteps});
  Tmux terminal(folder_, 80, 24, Run("tiny"));
  ExpectRedraws(terminal, kSteps);
  terminal.Resize(60, 20);
  ExpectRedraws(terminal, kSteps);
  const Screen narrow = terminal.Read();
  EXPECT_THAT(narrow.SeenRowsWith(kHead), SizeIs(1)) << narrow.Text();
  EXPECT_THAT(narrow.SeenRowsWith("steps/s"), IsEmpty()) << "what was wider is gone\n" << narrow.Text();
  // What the narrower window has pushed out of it comes back, and stays as it was.
  for (const auto& [columns, height] : {std::pair(120, 30), std::pair(80, 24)}) {
    terminal.Resize(columns, height);
    ExpectRedraws(terminal, kSteps);
  }

  terminal.Press("C-c");
  EXPECT_EQ(terminal.WaitForEnd(), 1);
  const Screen end = terminal.Read();
  EXPECT_THAT(end.Text(), AllOf(HasSubstr("stopping: running trials write their checkpoints"), HasSubstr("stopped: "),
                                HasSubstr("Nothing is lost")));
  EXPECT_THAT(end.lines.end()[-2], HasSubstr("stopping: ")) << "nothing of the display is left below or between";
}

TEST_F(TerminalWindow, ARunLeavesItsTrialsAndItsTable) {
  WriteSpec({.steps = 300});
  const Tmux terminal(folder_, 80, 24, Run("tiny"));
  ASSERT_EQ(terminal.WaitForEnd(), 0) << terminal.Read().Text();
  const Screen end = terminal.Read();
  const auto ended = [](const std::vector<std::string>& lines) {
    return std::find(lines.begin(), lines.end(), "sweep tiny is finished: 4/4 ended (4 completed)");
  };
  ASSERT_NE(ended(end.rows), end.rows.end()) << end.Text();
  EXPECT_EQ(std::vector(end.rows.begin(), ended(end.rows)), std::vector(end.lines.begin(), ended(end.lines)));
  EXPECT_THAT(end.RowsWith("completed  "), SizeIs(4)) << end.Text();
  EXPECT_THAT(end.RowsWith("model.block  adam "), Not(IsEmpty())) << end.Text();
  EXPECT_THAT(end.Text(), ContainsRegex("\npre_norm +[0-9.]+ \\(1\\) +[0-9.]+ \\(1\\)\n"));
  EXPECT_THAT(end.RowsWith(kHead), IsEmpty()) << end.Text();
}

TEST_F(TerminalWindow, AWatchIsRedrawnInPlaceAndCtrlCEndsItAloneAndTheNextOneSeesTheEnd) {
  constexpr int kSteps = 100'000;
  WriteSpec({.steps = kSteps});
  StartCoordinator();
  StartWorker();
  ASSERT_EQ(Command({"submit", Path("tiny.yaml")}).exit_code, 0);
  {
    Tmux terminal(folder_, 80, 24, {kOfsweep, "watch", "tiny", "--coordinator", grpc_});
    ExpectRedraws(terminal, kSteps);
    terminal.Resize(60, 20);
    ExpectRedraws(terminal, kSteps);
    terminal.Press("C-c");
    EXPECT_EQ(terminal.WaitForEnd(), -SIGINT) << terminal.Read().Text();
  }
  EXPECT_EQ(Show("tiny")["state"], "active");
  Tmux terminal(folder_, 80, 24, {kOfsweep, "watch", "tiny", "--coordinator", grpc_});
  ExpectRedraws(terminal, kSteps);
  ASSERT_EQ(Command({"cancel", "tiny"}).exit_code, 0);
  EXPECT_EQ(terminal.WaitForEnd(), 0);
  const Screen end = terminal.Read();
  EXPECT_THAT(end.RowsWith("sweep tiny is cancelled"), SizeIs(1)) << end.Text();
  EXPECT_THAT(end.RowsWith("cancelled  "), SizeIs(4)) << end.Text();
  EXPECT_THAT(end.RowsWith(kHead), IsEmpty()) << end.Text();
}

}  // namespace
}  // namespace ofsweep
