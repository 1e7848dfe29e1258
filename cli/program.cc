#include "cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "experiment/trainer_event.h"
#include "worker/trainer_process.h"
#include "worker/verdict.h"

namespace ofsweep {
namespace {

// The folder that TMPDIR names, whether it is there or not.
std::string TemporaryParent() {
  const char* folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

// A descriptor of its own for one of a program's streams.
absl::StatusOr<UniqueFd> OpenStream(const std::string& file, int own) {
  UniqueFd fd(file.empty() ? ::fcntl(own, F_DUPFD_CLOEXEC, 3)
                           : ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (fd.get() >= 0) return fd;
  const std::string name = !file.empty() ? file : own == STDOUT_FILENO ? "standard output" : "standard error";
  return absl::UnavailableError(absl::StrCat(name, ": cannot be opened: ", std::strerror(errno)));
}

// Until it has ended, but before it is collected: only then is its id surely its own.
void Await(const TrainerProcess& process, const std::stop_token& stop) {
  const std::stop_callback pass_on(stop, [&process] { process.Signal(SIGTERM); });
  pollfd end{process.exit_fd(), POLLIN, 0};
  while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string path = (std::filesystem::path(TemporaryParent()) / "ofsweep-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) {
    throw std::runtime_error(absl::StrCat(TemporaryParent(),
                                          ": no temporary folder can be made there: ", std::strerror(errno),
                                          "; make room or the folder, or set TMPDIR to another one"));
  }
  path_ = path;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

UnnamedFile::UnnamedFile() : fd_(::memfd_create("ofsweep", MFD_CLOEXEC)) {
  if (fd_.get() < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
}

std::string UnnamedFile::path() const {
  return absl::StrCat("/proc/self/fd/", fd_.get());
}

absl::Status WriteText(const std::filesystem::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (stream) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat(file.string(), ": cannot be written; is its disk full? Free space there"));
}

absl::StatusOr<int> RunProgram(const std::vector<std::string>& command, const ProgramOutput& output,
                               const std::stop_token& stop) {
  const absl::StatusOr<UniqueFd> out = OpenStream(output.out, STDOUT_FILENO);
  if (!out.ok()) return out.status();
  const absl::StatusOr<UniqueFd> err = OpenStream(output.err, STDERR_FILENO);
  if (!err.ok()) return err.status();
  const auto process = TrainerProcess::Start({.arguments = command, .stdout_fd = out->get(), .stderr_fd = err->get()});
  if (!process.ok()) return process.status();
  Await(*process, stop);
  const ExitStatus exit = process->Reap();
  return exit.signal == 0 ? exit.code : -exit.signal;
}

std::string DescribeEnd(int end) {
  return DescribeExit(end >= 0 ? ExitStatus{.code = end} : ExitStatus{.signal = -end});
}

std::string LastLine(const std::string& file) {
  std::ifstream lines(file);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

std::optional<std::string> ReportedFailure(const std::string& file) {
  const auto event = ParseTrainerEvent(LastLine(file));
  const auto* end = event.ok() ? std::get_if<AttemptEnd>(&*event) : nullptr;
  return end == nullptr || end->outcome != AttemptOutcome::kFailed ? std::nullopt : std::optional(end->message);
}

}  // namespace ofsweep
