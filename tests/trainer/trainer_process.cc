#include "tests/trainer/trainer_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!changes.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) all.push_back(name + "=" + value);
  }
  return all;
}

// In the child: only calls that are safe between fork and exec.
[[noreturn]] void Execute(char* const* arguments, char* const* environment, int output, int errors,
                          const StartedTrainer::Options& options) {
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  if (options.file_size_limit) {
    const rlimit limit{*options.file_size_limit, *options.file_size_limit};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  execve(arguments[0], arguments, environment);
  _exit(127);
}

}  // namespace

std::vector<TrainerEvent> TrainerResult::Events() const {
  std::vector<TrainerEvent> events;
  for (const std::string& line : lines) {
    absl::StatusOr<TrainerEvent> event = ParseTrainerEvent(line);
    if (event.ok()) {
      events.push_back(*std::move(event));
    } else {
      ADD_FAILURE() << event.status() << " in " << line;
    }
  }
  return events;
}

AttemptEnd TrainerResult::Failure() const {
  for (const TrainerEvent& event : Events()) {
    const auto* end = std::get_if<AttemptEnd>(&event);
    if (end != nullptr && end->outcome == AttemptOutcome::kFailed) return *end;
  }
  ADD_FAILURE() << "no failed event; standard error: " << errors;
  return {};
}

StartedTrainer::StartedTrainer(const std::vector<std::string>& arguments, const Options& options) {
  std::vector<std::string> words = {OFSWEEP_BIN_DIR "/ofsweep-trainer"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = EnvironmentWith(options.environment);
  const std::vector<char*> word_pointers = Pointers(words);
  const std::vector<char*> environment_pointers = Pointers(environment);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  const std::string errors_path = (folder_.path() / "stderr").string();
  const int errors = open(errors_path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const int output =
      options.standard_output.empty() ? ends[1] : open(options.standard_output.c_str(), O_WRONLY | O_CLOEXEC);
  pid_ = fork();
  if (pid_ == 0) Execute(word_pointers.data(), environment_pointers.data(), output, errors, options);
  close(errors);
  if (output != ends[1]) close(output);
  close(ends[1]);
  output_ = ends[0];
}

StartedTrainer::~StartedTrainer() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  StopReading();
}

std::optional<std::string> StartedTrainer::ReadLine() {
  std::size_t end;
  while ((end = unread_.find('\n')) == std::string::npos) {
    char buffer[65536];
    const ssize_t size = read(output_, buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;  // a line without its end was never said
    unread_.append(buffer, static_cast<std::size_t>(size));
  }
  lines_.push_back(unread_.substr(0, end));
  unread_.erase(0, end + 1);
  return lines_.back();
}

void StartedTrainer::StopReading() {
  if (output_ >= 0) close(output_);
  output_ = -1;
}

void StartedTrainer::Signal(int signal) const {
  kill(pid_, signal);
}

TrainerResult StartedTrainer::Wait() {
  if (output_ >= 0) {
    while (ReadLine()) {
    }
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), lines_, ReadFile(folder_.path() / "stderr")};
}

TrainerResult RunTrainer(const std::vector<std::string>& arguments) {
  return StartedTrainer(arguments).Wait();
}

TrainerResult RunTrainer(const std::vector<std::string>& arguments, const StartedTrainer::Options& options) {
  return StartedTrainer(arguments, options).Wait();
}

}  // namespace ofsweep
