// Who listens on a port, as the kernel's tables say (proc(5)).

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/doctor.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// The inodes of the sockets that listen on the port.
std::set<std::string> Listeners(std::uint16_t port) {
  constexpr const char* kListening = "0A";
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      const std::vector<std::string> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (fields.size() < 10 || fields[3] != kListening) continue;
      const std::string hexadecimal = fields[1].substr(fields[1].rfind(':') + 1);
      std::uint16_t number = 0;
      std::from_chars(hexadecimal.data(), hexadecimal.data() + hexadecimal.size(), number, 16);
      if (number == port) inodes.insert(fields[9]);
    }
  }
  return inodes;
}

bool Holds(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end; fd.increment(error)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(fd->path(), gone).string();
    if (target.starts_with("socket:[") && inodes.contains(target.substr(8, target.size() - 9))) return true;
  }
  return false;
}

}  // namespace

std::string ListenerOf(std::uint16_t port) {
  const std::set<std::string> inodes = Listeners(port);
  if (inodes.empty()) return "";
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end; process.increment(error)) {
    const std::string id = process->path().filename();
    if (id.find_first_not_of("0123456789") != std::string::npos || !Holds(process->path(), inodes)) continue;
    std::string name;
    std::getline(std::ifstream(process->path() / "comm"), name);
    return absl::StrCat(name, ", process ", id);
  }
  return "a process of another user";
}

}  // namespace ofsweep
