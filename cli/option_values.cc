#include "cli/option_values.h"

#include "experiment/terminal_text.h"
#include "experiment/utf8.h"

namespace ofsweep {

CLI::Validator Within(const NumberRange& range) {
  return CLI::Validator([range](std::string& text) { return WhyNotIn(range, text); }, "");
}

absl::StatusOr<std::pair<std::string, std::string>> SplitKeyValue(const std::string& option, const std::string& text,
                                                                  const std::string& example) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": ", Quoted(text), " is no KEY=VALUE; write one like ", example));
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

std::map<std::string, std::string> PairsOf(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> by_key;
  for (const std::string& text : pairs) {
    auto pair = SplitKeyValue("--baseline", text, "model.block=pre_norm");
    if (!pair.ok()) throw CLI::ValidationError(std::string(pair.status().message()));
    by_key.insert_or_assign(std::move(pair->first), std::move(pair->second));
  }
  return by_key;
}

absl::Status CheckWords(std::span<const char* const> words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (IsUtf8(words[i])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("argument ", i, ", ", Quoted(TerminalText(words[i])),
                     ", is not UTF-8; type it in a UTF-8 terminal (locale), and give files names in UTF-8"));
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
