#include "trainer/termination.h"

#include <signal.h>

namespace ofsweep {
namespace {

volatile sig_atomic_t requested = 0;

extern "C" void Request(int) {
  requested = 1;
}

}  // namespace

void CatchTermination() {
  struct sigaction action = {};
  action.sa_handler = Request;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction present = {};
  sigaction(SIGHUP, nullptr, &present);
  if (present.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);  // ignored: by nohup
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
}

bool TerminationRequested() {
  return requested != 0;
}

}  // namespace ofsweep
