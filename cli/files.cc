#include "cli/files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/set_option.h"
#include "experiment/utf8.h"

namespace ofsweep {

namespace {

absl::Status CheckText(const std::string& path, std::string_view text) {
  const std::size_t at = std::min(Utf8Length(text), text.find('\0'));
  if (at >= text.size()) return absl::OkStatus();
  const std::string_view before = text.substr(0, at);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return absl::InvalidArgumentError(
      absl::StrCat(path, ":", std::count(before.begin(), before.end(), '\n') + 1, ": byte ", at - line_begin + 1,
                   absl::StrFormat(" of this line (0x%02x)", static_cast<unsigned char>(text[at])),
                   " is no UTF-8 text; save the file as UTF-8"));
}

}  // namespace

absl::StatusOr<SpecFile> ReadSpecFile(const std::string& path, const std::vector<std::string>& set) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder; name a sweep file (YAML)"));
  }
  constexpr std::size_t kLargest = std::size_t{16} << 20;
  std::ifstream stream(path, std::ios::binary);
  std::string text(kLargest + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (!stream.is_open() || stream.bad()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read; is the path right?"));
  }
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": is empty"));
  if (text.size() > kLargest) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is larger than 16 MiB, so it is no sweep file"));
  }
  if (absl::Status status = CheckText(path, text); !status.ok()) return status;
  if (absl::Status status = AddSetSection(set, path, text); !status.ok()) return status;
  return SpecFile{.text = std::move(text), .path = std::filesystem::absolute(path).lexically_normal().string()};
}

absl::Status MakeNamedFolder(const char* option, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && std::filesystem::is_directory(folder, error)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      option, ": ", folder, " cannot be made a folder: ", error ? error.message() : "there is a file of that name"));
}

std::string ExecutableFolder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

}  // namespace ofsweep
