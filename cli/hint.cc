#include "cli/hint.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "experiment/data_folder.h"

namespace ofsweep {
namespace {

constexpr std::string_view kHint = "`ofsweep ";
constexpr std::array<std::string_view, 7> kReading = {"ls", "show", "logs", "table", "curves", "plot", "watch"};
constexpr std::array<std::string_view, 12> kCalling = {"submit", "cancel", "pause",   "resume",   "rm",     "token",
                                                       "retry",  "worker", "workers", "evaluate", "doctor", "login"};
constexpr std::array<std::string_view, 2> kServing = {"coordinator", "run"};

bool IsPlain(char c) {
  return absl::ascii_isalnum(c) || std::string_view("_./:@%+,=-[]").find(c) != std::string_view::npos;
}

template <class Names>
bool Has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// " --coordinator HOST:PORT" for a hint like "ls" or "retry my-sweep".
std::string Missing(std::string_view hint, const ConnectionOptions& where) {
  const std::string_view command = hint.substr(0, hint.find(' '));
  const auto repeat = [hint](const char* option, const std::string& value) {
    return hint.find(option) == std::string_view::npos ? absl::StrCat(" ", option, " ", ShellWord(value)) : "";
  };
  if (where.coordinator && TakesCoordinator(command)) {
    const auto repeat_file = [&repeat](const char* option, const std::string& file) {
      return file.empty() ? "" : repeat(option, file);
    };
    return absl::StrCat(repeat("--coordinator", *where.coordinator),  // Who makes tokens has another one.
                        command == "token" ? "" : repeat_file("--token-file", where.caller.token_file),
                        repeat_file("--tls-ca", where.caller.tls.authorities),
                        repeat_file("--tls-cert", where.caller.tls.certificate),
                        repeat_file("--tls-key", where.caller.tls.key), where.caller.insecure ? " --insecure" : "");
  }
  const bool is_file = where.data_dir && DatabaseAt(*where.data_dir) == *where.data_dir;
  if (is_file && Has(kServing, command)) return "";
  if (where.data_dir && TakesDatabaseFolder(command)) return repeat("--data-dir", *where.data_dir);
  return "";
}

}  // namespace

std::string ShellWord(const std::string& text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), IsPlain)) return text;
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

bool TakesCoordinator(std::string_view command) {
  return Has(kReading, command) || Has(kCalling, command);
}

bool TakesDatabaseFolder(std::string_view command) {
  return Has(kReading, command) || Has(kServing, command);
}

std::string RepeatOptions(const std::string& text, const ConnectionOptions& where) {
  std::string repeated;
  std::size_t done = 0;
  for (std::size_t begin = text.find(kHint); begin != std::string::npos; begin = text.find(kHint, done)) {
    const std::size_t hint = begin + kHint.size();
    const std::size_t end = text.find('`', hint);
    if (end == std::string::npos) break;
    absl::StrAppend(&repeated, text.substr(done, end - done),
                    Missing(std::string_view(text).substr(hint, end - hint), where));
    done = end;
  }
  return repeated + text.substr(done);
}

}  // namespace ofsweep
