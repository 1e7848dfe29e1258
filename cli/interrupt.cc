#include "cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace ofsweep {
namespace {

// What the handler may touch: a pipe's write end and flags.
std::atomic<int> write_end{-1};
std::atomic<bool> asked{false};
std::atomic<bool> of_batch_system{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constexpr char kSignalled = 's';
constexpr char kClosing = 'c';

void HandleSignal(int signal) {
  const int saved = errno;
  // A hang-up is nobody's second wish: a closed terminal sends it twice, a service manager right behind SIGTERM.
  const bool may_insist = signal == SIGINT || (signal == SIGTERM && !of_batch_system);
  if (may_insist && asked.exchange(true)) _exit(1);
  [[maybe_unused]] const ssize_t written = write(write_end.load(), &kSignalled, 1);
  errno = saved;
}

void SetHandler(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

// As nohup leaves it.
bool IsIgnored(int signal) {
  struct sigaction present = {};
  sigaction(signal, nullptr, &present);
  return present.sa_handler == SIG_IGN;
}

}  // namespace

Interrupt::Interrupt(Signals signals) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  read_end_ = ends[0];
  write_end = ends[1];
  asked = false;
  of_batch_system = signals == Signals::kOfABatchSystem;
  listener_ = std::thread([this] {
    char what = kClosing;
    if (read(read_end_, &what, 1) == 1 && what == kSignalled) source_.request_stop();
  });
  for (const int signal : {SIGINT, SIGTERM}) SetHandler(signal, HandleSignal);
  if (of_batch_system) SetHandler(SIGUSR1, HandleSignal);
  keeps_hangups_ignored_ = IsIgnored(SIGHUP);
  if (!keeps_hangups_ignored_) SetHandler(SIGHUP, HandleSignal);
  // What read our output may be gone before we are: a failed write must not end us.
  SetHandler(SIGPIPE, SIG_IGN);
}

Interrupt::~Interrupt() {
  for (const int signal : {SIGINT, SIGPIPE}) SetHandler(signal, SIG_DFL);
  SetHandler(SIGTERM, of_batch_system ? SIG_IGN : SIG_DFL);
  if (of_batch_system) SetHandler(SIGUSR1, SIG_IGN);
  if (!keeps_hangups_ignored_) SetHandler(SIGHUP, SIG_DFL);
  [[maybe_unused]] const ssize_t written = write(write_end.load(), &kClosing, 1);
  if (listener_.joinable()) listener_.join();
  close(read_end_);
  close(write_end.exchange(-1));
}

void Interrupt::Wait() {
  if (listener_.joinable()) listener_.join();
}

}  // namespace ofsweep
