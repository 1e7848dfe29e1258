#include "worker/trainer_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string_view KeyOf(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::vector<std::string> EnvironmentWith(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    bool replaced = false;
    for (const std::string& ours : added) replaced = replaced || KeyOf(ours) == KeyOf(*variable);
    if (!replaced) all.emplace_back(*variable);
  }
  return all;
}

// In the child, between fork and exec: the agent has other threads, so only async-signal-safe calls are allowed. Writes
// errno to `error_fd` when the program cannot be run; that descriptor closes with the exec.
[[noreturn]] void RunInChild(char* const* arguments, char* const* environment, const TrainerCommand& command,
                             int null_fd, int error_fd, pid_t agent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != agent) ::_exit(127);  // it died before the line above could take effect
  sigset_t none;
  sigemptyset(&none);
  struct sigaction defaults {};
  defaults.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &defaults, nullptr);
  // A batch system may send it to all processes of a job: the agent takes it, and tells its trainers what to do.
  // Ignored signals stay so in the program that is run.
  ::signal(SIGUSR1, SIG_IGN);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  if (::dup2(null_fd, 0) == 0 && ::dup2(command.stdout_fd, 1) == 1 && ::dup2(command.stderr_fd, 2) == 2) {
    ::execve(arguments[0], arguments, environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(error_fd, &error, sizeof error);
  ::_exit(127);
}

absl::Status StartError(int error, const std::string& program) {
  const std::string message = absl::StrCat("cannot run ", program, ": ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == EACCES) return absl::PermissionDeniedError(message);
  return absl::InternalError(message);
}

}  // namespace

absl::StatusOr<TrainerProcess> TrainerProcess::Start(const TrainerCommand& command) {
  const std::string& program = command.arguments.front();
  const std::vector<std::string> environment = EnvironmentWith(command.environment);
  const std::vector<char*> argument_pointers = Pointers(command.arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  UniqueFd null_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int error_pipe[2];
  if (null_fd.get() < 0 || ::pipe2(error_pipe, O_CLOEXEC) != 0) return StartError(errno, program);
  UniqueFd error_read(error_pipe[0]);
  UniqueFd error_write(error_pipe[1]);

  const pid_t agent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return StartError(errno, program);
  if (pid == 0) {
    RunInChild(argument_pointers.data(), environment_pointers.data(), command, null_fd.get(), error_write.get(), agent);
  }
  ::setpgid(pid, pid);  // here too, so that Signal() reaches the group from now on
  error_write = UniqueFd();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(error_read.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  // By number: the wrapper of glibc 2.36 cannot be called from C++.
  UniqueFd pidfd(got == 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1);
  if (pidfd.get() < 0) {
    if (got == 0) error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return StartError(error, program);
  }
  return TrainerProcess(pid, std::move(pidfd));
}

absl::StatusOr<std::unique_ptr<Trainer>> StartTrainerProcess(const TrainerCommand& command) {
  absl::StatusOr<TrainerProcess> process = TrainerProcess::Start(command);
  if (!process.ok()) return process.status();
  return std::make_unique<TrainerProcess>(*std::move(process));
}

void TrainerProcess::Signal(int signal) const {
  ::kill(-pid_, signal);
}

ExitStatus TrainerProcess::Reap() const {
  // Until it is waited for, the leader's id cannot be reused, nor can its group's.
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ExitStatus exit;
  if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
  if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
  return exit;
}

}  // namespace ofsweep
