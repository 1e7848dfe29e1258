#include "cli/option_values.h"

namespace ofsweep {

CLI::Validator Within(const NumberRange& range) {
  return CLI::Validator([range](std::string& text) { return WhyNotIn(range, text); }, "");
}

std::map<std::string, std::string> PairsOf(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> by_key;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw CLI::ValidationError("--baseline",
                                 absl::StrCat(Quoted(pair), " is no KEY=VALUE; write one like model.block=pre_norm"));
    }
    by_key.insert_or_assign(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return by_key;
}

}  // namespace ofsweep
