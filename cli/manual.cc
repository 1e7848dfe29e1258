#include "cli/manual.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/coordinator_address.h"

namespace ofsweep {
namespace {

// Text of a man page: no word of it is a request of roff.
std::string Escaped(const std::string& text) {
  const std::string escaped = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}, {"\n", " "}});
  return escaped.starts_with('.') || escaped.starts_with('\'') ? "\\&" + escaped : escaped;
}

std::string NamesOf(const CLI::Option& option) {
  const std::string names = option.get_positional() ? option.get_name() : option.get_name(false, true);
  const bool takes_value = option.get_items_expected_max() > 0 && !option.get_positional();
  return absl::StrCat("\\fB", Escaped(absl::StrReplaceAll(names, {{",", ", "}})), "\\fR",
                      takes_value ? absl::StrCat(" \\fI", Escaped(option.get_type_name()), "\\fR") : "");
}

void AddOptions(const CLI::App& app, std::string& text) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    absl::StrAppend(&text, ".TP\n", NamesOf(*option), "\n", Escaped(option->get_description()),
                    option->get_required() ? " (required)" : "", "\n");
  }
}

void AddCommand(const CLI::App& app, const std::string& name, std::string& text) {
  const auto subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* sub : subcommands) AddCommand(*sub, name + " " + sub->get_name(), text);
  if (!subcommands.empty()) return;
  absl::StrAppend(&text, ".SS \"", Escaped(name), "\"\n", Escaped(app.get_description()), "\n");
  AddOptions(app, text);
}

}  // namespace

std::string Manual(const CLI::App& app, const std::string& version) {
  std::string text = absl::StrCat(
      ".TH OFSWEEP 1 \"\" \"", Escaped(version),
      "\"\n.SH NAME\nofsweep \\- grids of transformers that grow outlier features\n.SH SYNOPSIS\n\\fBofsweep\\fR "
      "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR …\n.SH DESCRIPTION\n",
      Escaped(app.get_description()), "\n.SH OPTIONS\n");
  AddOptions(app, text);
  absl::StrAppend(&text, ".SH COMMANDS\n");
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    AddCommand(*sub, sub->get_name(), text);
  absl::StrAppend(&text, ".SH ENVIRONMENT\n.TP\n\\fB", kCoordinatorVariable,
                  "\\fR\nHOST:PORT of the coordinator of commands that are called without \\fB\\-\\-coordinator\\fR\n",
                  ".SH EXIT STATUS\n", Escaped(app.get_footer()), "\n");
  return text;
}

}  // namespace ofsweep
