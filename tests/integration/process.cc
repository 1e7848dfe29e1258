#include "tests/integration/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace ofsweep {
namespace {

using std::chrono::steady_clock;

void Require(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(std::vector<std::string> arguments, std::vector<std::string> environment) {
  int out[2], err[2];
  Require(pipe2(out, O_CLOEXEC) == 0 ? 0 : errno, "pipe");
  Require(pipe2(err, O_CLOEXEC) == 0 ? 0 : errno, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  const int error = posix_spawn(&pid_, arguments[0].c_str(), &actions, nullptr, Pointers(arguments).data(),
                                Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  out_fd_ = out[0];
  err_fd_ = err[0];
  if (error != 0) {
    close(out_fd_);
    close(err_fd_);
    Require(error, arguments[0].c_str());
  }
  reader_ = std::thread([this] { Read(); });
}

Process::~Process() {
  if (!collected_) {
    Signal(SIGKILL);
    Wait();
  }
  reader_.join();
  close(out_fd_);
  close(err_fd_);
}

bool Process::ReadSome(int fd, std::string Process::*stream) {
  char buffer[4096];
  const ssize_t size = read(fd, buffer, sizeof buffer);
  if (size < 0) return errno == EINTR;
  const absl::MutexLock lock(&mutex_);
  (this->*stream).append(buffer, static_cast<std::size_t>(size));
  return size > 0;
}

void Process::Read() {
  pollfd streams[] = {{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (poll(streams, 2, -1) < 0 && errno != EINTR) break;
    for (int i = 0; i < 2; ++i) {
      if (streams[i].fd < 0 || streams[i].revents == 0) continue;
      if (!ReadSome(streams[i].fd, i == 0 ? &Process::out_ : &Process::err_)) streams[i].fd = -1;
    }
  }
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
}

std::string Process::Out() const {
  const absl::MutexLock lock(&mutex_);
  return out_;
}

std::string Process::Err() const {
  const absl::MutexLock lock(&mutex_);
  return err_;
}

bool Process::WaitFor(std::string Process::*stream, const std::string& text, std::chrono::milliseconds patience) {
  const auto found = [&] { return (this->*stream).find(text) != std::string::npos; };
  const auto is_over = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_ || found(); };
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&is_over), absl::FromChrono(patience));
  return found();
}

bool Process::WaitForOut(const std::string& text, std::chrono::milliseconds patience) {
  return WaitFor(&Process::out_, text, patience);
}

bool Process::WaitForErr(const std::string& text, std::chrono::milliseconds patience) {
  return WaitFor(&Process::err_, text, patience);
}

void Process::Signal(int signal) const {
  if (!collected_) kill(pid_, signal);
}

int Process::Wait(std::chrono::milliseconds patience) {
  if (collected_) return result_;
  int state = 0;
  const bool ended = WaitUntil([&] { return waitpid(pid_, &state, WNOHANG) == pid_; }, patience);
  if (!ended) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &state, 0);
  }
  collected_ = true;
  result_ = WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
  // What it wrote last is still in the pipes; a grandchild that lives on may keep them open.
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&closed_), absl::Seconds(10));
  return result_;
}

Finished RunToEnd(std::vector<std::string> arguments, std::vector<std::string> environment,
                  std::chrono::milliseconds patience) {
  Process process(std::move(arguments), std::move(environment));
  const int exit_code = process.Wait(patience);
  return {exit_code, process.Out(), process.Err()};
}

std::vector<pid_t> ChildrenCalled(pid_t parent, const std::string& name) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (!std::isdigit(static_cast<unsigned char>(pid[0]))) continue;
    std::string program;
    std::getline(std::ifstream(entry.path() / "cmdline") >> std::noskipws, program, '\0');
    if (std::filesystem::path(program).filename() != name) continue;
    // "PID (NAME) STATE PPID …"; a zombie is gone already.
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    if (!std::getline(stat, line)) continue;
    const std::size_t close = line.rfind(')');
    char state = 0;
    pid_t ppid = 0;
    if (std::sscanf(line.c_str() + close + 1, " %c %d", &state, &ppid) != 2) continue;
    if (ppid == parent && state != 'Z') children.push_back(std::stoi(pid));
  }
  return children;
}

}  // namespace ofsweep
