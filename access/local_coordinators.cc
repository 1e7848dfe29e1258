#include "access/local_coordinators.h"

#include <sys/stat.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "access/secret_file.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> Folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return fs::path(state) / "ofsweep" / "coordinators";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return std::nullopt;
  return fs::path(home) / ".local" / "state" / "ofsweep" / "coordinators";
}

// Of coordinators that were killed, and whose folders are gone.
void RemoveStale(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto token_file = ReadSecretFile(entry->path());
    std::error_code ignored;
    if (token_file.ok() && !fs::exists(*token_file, ignored)) fs::remove(entry->path(), ignored);
  }
}

// The users whose sockets listen on the port, as proc(5) tells.
std::set<std::uint32_t> Listeners(std::uint16_t port) {
  constexpr std::string_view kListening = "0A";
  std::set<std::uint32_t> users;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      const std::vector<std::string> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (fields.size() < 8 || fields[3] != kListening) continue;
      const std::string digits = fields[1].substr(fields[1].rfind(':') + 1);
      std::uint16_t number = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
      std::uint32_t user = 0;
      if (number == port && absl::SimpleAtoi(fields[7], &user)) users.insert(user);
    }
  }
  return users;
}

}  // namespace

void NoteLocalCoordinator(std::uint16_t port, const std::string& token_file) {
  const std::optional<fs::path> folder = Folder();
  if (!folder) return;
  std::error_code error;
  fs::create_directories(*folder, error);
  fs::permissions(*folder, fs::perms::owner_all, error);
  RemoveStale(*folder);
  // Without a note its programs are to name the token file: nothing is lost.
  (void)WriteSecretFile(*folder / absl::StrCat(port), fs::absolute(token_file, error).string());
}

void ForgetLocalCoordinator(std::uint16_t port, const std::string& token_file) {
  const std::optional<fs::path> folder = Folder();
  std::error_code error;
  if (folder && LocalTokenFile(port) == fs::absolute(token_file, error).string()) {
    fs::remove(*folder / absl::StrCat(port), error);
  }
}

std::string LocalTokenFile(std::uint16_t port) {
  const std::optional<fs::path> folder = Folder();
  if (!folder) return "";
  return ReadSecretFile(*folder / absl::StrCat(port)).value_or("");
}

absl::Status CheckListener(std::uint16_t port, const std::string& token_file) {
  struct stat status {};
  if (::stat(token_file.c_str(), &status) != 0) return absl::OkStatus();  // who reads it says why not
  for (const std::uint32_t user : Listeners(port)) {
    if (user == 0 || user == status.st_uid) continue;
    return absl::PermissionDeniedError(absl::StrCat("another user (", user, ") listens on port ", port,
                                                    " of this machine, so the token in ", token_file,
                                                    " is not sent there: name the port of your own coordinator"));
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
