#include "cli/usage_hint.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiment/edit_distance.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

// The subcommand that was read last, or the program itself.
const CLI::App& InnermostCommand(const CLI::App& app) {
  const std::vector<CLI::App*> read = app.get_subcommands();
  return read.empty() ? app : InnermostCommand(*read.back());
}

std::vector<std::string> SubcommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

std::vector<std::string> OptionsOf(const CLI::App& app, const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* each : {&command, &app}) {
    for (const CLI::Option* option : each->get_options()) {
      if (option->get_group().empty()) continue;  // hidden
      for (const std::string& name : option->get_lnames()) names.push_back(absl::StrCat("--", name));
    }
  }
  return names;
}

std::string NearestLine(const std::string& word, const char* kind, const std::vector<std::string>& known) {
  const std::string_view nearest = Nearest(word, {known.begin(), known.end()});
  return nearest.empty() ? ""
                         : absl::StrCat("There is no ", kind, " ", Quoted(word), ": ", DidYouMean(nearest, ""), "\n");
}

std::string HintAtNames(const CLI::App& app) {
  const CLI::App& command = InnermostCommand(app);
  std::string hint;
  bool of_subcommand = !SubcommandsOf(command).empty();
  for (const std::string& word : app.remaining(/*recurse=*/true)) {
    const std::string name = word.substr(0, word.find('='));
    if (command.get_option_no_throw(name) != nullptr) {
      absl::StrAppend(&hint, "Options of ", command.get_name(), " stand behind it: ofsweep ", command.get_name(), " ",
                      name, "\n");
    } else if (word.starts_with("--")) {
      absl::StrAppend(&hint, NearestLine(name, "option", OptionsOf(app, command)));
    } else if (of_subcommand) {
      absl::StrAppend(&hint, NearestLine(word, "subcommand", SubcommandsOf(command)));
      of_subcommand = false;  // what stands behind it is its own
    }
  }
  return hint;
}

// Nothing but the comma divides the values of a list, so what was written behind a blank is left over.
std::string HintAtCommas(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_delimiter() != ',' || option->count() == 0) continue;
    return absl::StrCat("Several values of ", option->get_name(), " are divided by commas: ", option->get_name(), " ",
                        option->get_type_name(), "\n");
  }
  return "";
}

}  // namespace

std::string UsageHint(const CLI::App& app, const CLI::ParseError& error) {
  const std::string names = HintAtNames(app);
  const bool is_left_over = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  return names.empty() && is_left_over ? HintAtCommas(InnermostCommand(app)) : names;
}

}  // namespace ofsweep
