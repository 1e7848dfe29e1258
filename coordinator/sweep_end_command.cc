#include "coordinator/sweep_end_command.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace ofsweep {
namespace {

constexpr int kMostMilliseconds = 5 * 60 * 1000;
constexpr absl::Duration kGrace = absl::Seconds(5);

// A file in memory that holds `text`, read from its beginning; -1 where there is none.
int FileOf(const std::string& text) {
  const int file = ::memfd_create("sweep", MFD_CLOEXEC);
  if (file < 0) return -1;
  const bool is_written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (is_written && ::lseek(file, 0, SEEK_SET) == 0) return file;
  ::close(file);
  return -1;
}

// The shell, leader of a process group of its own, with nothing of this process open but its output; 0 where it cannot
// be started, for the reason in errno.
pid_t StartShell(const std::string& command, const std::string& sweep, int input) {
  std::vector<std::string> arguments = {"sh", "-c", command};
  std::vector<char*> argument_pointers;
  for (std::string& argument : arguments) argument_pointers.push_back(argument.data());
  argument_pointers.push_back(nullptr);
  std::string variable = absl::StrCat("OFSWEEP_SWEEP=", sweep);
  std::vector<char*> environment = {variable.data()};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("OFSWEEP_SWEEP=")) environment.push_back(*entry);
  }
  environment.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t process = 0;
  errno = ::posix_spawn(&process, "/bin/sh", &files, &attributes, argument_pointers.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return process;
}

// Until it has ended, which it does by force when it takes too long; it is still to be reaped.
void WaitFor(pid_t process) {
  // By number: the wrapper of glibc 2.36 cannot be called from C++.
  const int file = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  pollfd ended = {.fd = file, .events = POLLIN, .revents = 0};
  const bool is_late = file >= 0 && ::poll(&ended, 1, kMostMilliseconds) == 0;
  if (file >= 0) ::close(file);
  if (is_late) ::kill(-process, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
}

std::string Ending(int status) {
  if (WIFEXITED(status)) return absl::StrCat("exited with ", WEXITSTATUS(status));
  return absl::StrCat("was killed by signal ", WTERMSIG(status));
}

}  // namespace

SweepEndCommand::SweepEndCommand(std::string command, Describe describe)
    : command_(std::move(command)), describe_(std::move(describe)), thread_([this] { Loop(); }) {}

SweepEndCommand::~SweepEndCommand() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    const auto is_idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !busy_; };
    hurry_ = !mutex_.AwaitWithTimeout(absl::Condition(&is_idle), kGrace);
    if (running_ != 0) ::kill(-running_, SIGKILL);
  }
  thread_.join();
}

void SweepEndCommand::Run(std::string sweep) {
  absl::MutexLock lock(&mutex_);
  ended_.push_back(std::move(sweep));
}

void SweepEndCommand::Loop() {
  const auto has_work = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !ended_.empty(); };
  while (true) {
    std::string sweep;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&has_work));
      if (stopping_) return;
      sweep = std::move(ended_.front());
      ended_.pop_front();
      busy_ = true;
    }
    absl::Status status;
    try {
      status = RunOne(sweep);
    } catch (const std::exception& error) {
      status = absl::InternalError(error.what());
    }
    if (!status.ok()) spdlog::warn("sweep {} has ended, and its command {}", sweep, std::string(status.message()));
    absl::MutexLock lock(&mutex_);
    busy_ = false;
  }
}

absl::Status SweepEndCommand::RunOne(const std::string& sweep) {
  const absl::StatusOr<std::string> text = describe_(sweep);
  if (!text.ok()) return absl::UnknownError(absl::StrCat("is not run: ", std::string(text.status().message())));
  const int input = FileOf(*text + "\n");
  const auto close = absl::MakeCleanup([input] { ::close(input); });
  const pid_t process = input < 0 ? 0 : StartShell(command_, sweep, input);
  if (process == 0) return absl::UnknownError(absl::StrCat("cannot be run: ", std::strerror(errno)));
  {
    absl::MutexLock lock(&mutex_);
    running_ = process;
    if (hurry_) ::kill(-process, SIGKILL);
  }
  WaitFor(process);
  int status = 0;
  {
    absl::MutexLock lock(&mutex_);  // until here nobody else can have its id
    running_ = 0;
    ::waitpid(process, &status, 0);
  }
  return status == 0 ? absl::OkStatus() : absl::UnknownError(absl::StrCat(Ending(status), ": ", command_));
}

}  // namespace ofsweep
