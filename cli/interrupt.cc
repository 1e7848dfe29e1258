#include "cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace ofsweep {
namespace {

// What the handler may touch: a pipe's write end and a flag.
std::atomic<int> write_end{-1};
std::atomic<bool> signalled{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constexpr char kSignalled = 's';
constexpr char kClosing = 'c';

void HandleSignal(int) {
  const int saved = errno;
  if (signalled.exchange(true)) _exit(1);
  [[maybe_unused]] const ssize_t written = write(write_end.load(), &kSignalled, 1);
  errno = saved;
}

void SetHandlers(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  read_end_ = ends[0];
  write_end = ends[1];
  signalled = false;
  listener_ = std::thread([this] {
    char what = kClosing;
    if (read(read_end_, &what, 1) == 1 && what == kSignalled) source_.request_stop();
  });
  SetHandlers(HandleSignal);
}

Interrupt::~Interrupt() {
  SetHandlers(SIG_DFL);
  [[maybe_unused]] const ssize_t written = write(write_end.load(), &kClosing, 1);
  if (listener_.joinable()) listener_.join();
  close(read_end_);
  close(write_end.exchange(-1));
}

void Interrupt::Wait() {
  if (listener_.joinable()) listener_.join();
}

}  // namespace ofsweep
