#include "cli/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace ofsweep {

TemporaryFolder::TemporaryFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "ofsweep-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr)
    throw std::filesystem::filesystem_error("mkdtemp", path, {errno, std::generic_category()});
  path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<int> RunProgram(const std::vector<std::string>& command, const ProgramOutput& output) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  const auto redirect = [&streams](int stream, const std::string& file) {
    if (!file.empty()) {
      posix_spawn_file_actions_addopen(&streams, stream, file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    }
  };
  redirect(STDOUT_FILENO, output.out);
  redirect(STDERR_FILENO, output.err);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, arguments[0], &streams, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&streams);
  if (error != 0) return absl::NotFoundError(absl::StrCat("cannot start ", command[0], ": ", std::strerror(error)));
  int state = 0;
  while (waitpid(pid, &state, 0) < 0) {
    if (errno != EINTR)
      return absl::InternalError(absl::StrCat("waiting for ", command[0], ": ", std::strerror(errno)));
  }
  return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

std::string LastLine(const std::string& file) {
  std::ifstream lines(file);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace ofsweep
