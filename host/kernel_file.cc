#include "host/kernel_file.h"

#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace ofsweep {

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : "";
}

std::optional<std::string> FindField(absl::string_view text, absl::string_view key, char separator) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::size_t at = line.find(separator);
    if (at != absl::string_view::npos && absl::StripAsciiWhitespace(line.substr(0, at)) == key) {
      return std::string(absl::StripAsciiWhitespace(line.substr(at + 1)));
    }
  }
  return std::nullopt;
}

std::optional<double> ReadKernelNumber(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  double number = 0;
  if (words.empty() || !absl::SimpleAtod(words[0], &number)) return std::nullopt;
  return number;
}

}  // namespace ofsweep
