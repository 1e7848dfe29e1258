#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/number_range.h"
#include "experiment/quoted.h"

// How the values of options are read; CLI11 reports what they refuse.
namespace ofsweep {

// Turns one of the names into the number of its value, which is what CLI11 reads an enum from.
template <class Enum>
CLI::Validator Names(const std::map<std::string, Enum>& names) {
  const auto divided_by = [&names](const char* divider) {
    return absl::StrJoin(names, divider, [](std::string* out, const auto& named) { out->append(named.first); });
  };
  return CLI::Validator(
      [names, accepted = divided_by(", ")](std::string& text) -> std::string {
        const auto named = names.find(text);
        if (named == names.end()) return absl::StrCat("expected one of ", accepted, ", got ", Quoted(text));
        text = absl::StrCat(static_cast<int>(named->second));
        return "";
      },
      "{" + divided_by(",") + "}");
}

// Refuses NaN, which CLI::Range lets pass, and says which numbers do.
CLI::Validator Within(const NumberRange& range);

// A value such as "model.block=op", in its two halves; the second may have "=" in it. InvalidArgument, naming the
// option and showing the example, for anything else.
absl::StatusOr<std::pair<std::string, std::string>> SplitKeyValue(const std::string& option, const std::string& text,
                                                                  const std::string& example);

// Of --baseline: "model.block=op" by its key. Throws CLI::ValidationError.
std::map<std::string, std::string> PairsOf(const std::vector<std::string>& pairs);

// Of a command line, its program first: InvalidArgument names the first word that is not UTF-8. Sweeps, keys and paths
// go to the coordinator and into JSON, where bytes of another kind have no place.
absl::Status CheckWords(std::span<const char* const> words);

}  // namespace ofsweep
