#include "trainer/event_output.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "experiment/sealed_line.h"

namespace ofsweep {

EventOutput::EventOutput() {
  // So that write() reports a reader that has gone, and a file-size limit, whatever the parent process had set.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void EventOutput::Emit(const TrainerEvent& event) {
  const std::string line = SealLine(ToJsonLine(event), ++lines_) + "\n";
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t written = write(STDOUT_FILENO, line.data() + done, line.size() - done);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EPIPE) {
      _exit(1);
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "standard output: cannot be written");
    }
  }
}

}  // namespace ofsweep
