#include "cli/progress_display.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kErasesTwoRows = "\r\x1b[2A\x1b[2K\n\x1b[2K\n\r\x1b[2A";

v1::WatchSweepResponse OneRunning(std::uint64_t step) {
  v1::WatchSweepResponse message;
  message.mutable_sweep()->set_name("quickstart");
  message.mutable_sweep()->mutable_trials()->set_running(1);
  v1::TrialProgress* trial = message.add_running();
  trial->set_trial_id("a");
  trial->set_label("model.block=op");
  trial->set_step(step);
  trial->set_target_steps(600);
  return message;
}

// A terminal of 12 lines of 50 characters.
class Terminal {
 public:
  Terminal() {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    winsize size = {.ws_row = 12, .ws_col = 50};
    EXPECT_EQ(openpty(&master_, &slave_, nullptr, nullptr, &size), 0);
  }
  ~Terminal() {
    close(master_);
    close(slave_);
  }
  int fd() const { return slave_; }
  void Resize(unsigned short columns) const {
    const winsize size = {.ws_row = 12, .ws_col = columns};
    EXPECT_EQ(ioctl(slave_, TIOCSWINSZ, &size), 0);
  }

 private:
  int master_ = -1, slave_ = -1;
};

TEST(ProgressDisplay, ATerminalIsUsedInItsSizeWithColoursUnlessTheUserWantsNone) {
  const Terminal terminal;
  const auto style = DetectTerminal(terminal.fd());
  ASSERT_TRUE(style.has_value());
  EXPECT_EQ(style->width, 50u);
  EXPECT_EQ(style->height, 12u);
  EXPECT_TRUE(style->colour);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(DetectTerminal(terminal.fd())->colour);
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(DetectTerminal(terminal.fd()).has_value());
}

TEST(ProgressDisplay, ATerminalsLiveLinesAreReplacedAndGoneAtTheEnd) {
  const Terminal terminal;
  std::ostringstream out;
  {
    ProgressDisplay display(out, terminal.fd());
    display.Show(OneRunning(1));
    EXPECT_THAT(out.str(), Not(HasSubstr("\x1b[2A")));
    out.str("");
    display.Show(OneRunning(2));
    EXPECT_THAT(out.str(), ::testing::StartsWith(kErasesTwoRows));
    EXPECT_THAT(out.str(), HasSubstr("2/600"));
    out.str("");
    display.Print("warning: the disk is nearly full");
    EXPECT_THAT(out.str(), HasSubstr("\x1b[2Awarning: the disk is nearly full\nquickstart"));
    out.str("");
  }
  EXPECT_EQ(out.str(), kErasesTwoRows);
}

// The two lines of 50 characters took four rows then.
TEST(ProgressDisplay, LinesThatWentOnInTheNextRowWhenTheWindowGotNarrowerAreReplacedWhole) {
  const Terminal terminal;
  std::ostringstream out;
  ProgressDisplay display(out, terminal.fd());
  display.Show(OneRunning(1));
  terminal.Resize(30);
  out.str("");
  display.Show(OneRunning(2));
  EXPECT_THAT(out.str(), ::testing::StartsWith("\r\x1b[4A\x1b[2K\n\x1b[2K\n\x1b[2K\n\x1b[2K\n\r\x1b[4A"));
}

TEST(ProgressDisplay, AnythingElseGetsPlainLines) {
  const int fd = open("/dev/null", O_WRONLY);
  std::ostringstream out;
  {
    ProgressDisplay display(out, fd);
    display.Show(OneRunning(1));
    display.Show(OneRunning(2));
  }
  close(fd);
  EXPECT_THAT(out.str(), HasSubstr("started    model.block=op"));
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace ofsweep
