#include "cli/trial_key_reference.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/format.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

// "model" of "model.block"; "" of "seed".
std::string Section(const TrialKey& key) {
  const std::size_t dot = key.name.find('.');
  return dot == std::string_view::npos ? "" : std::string(key.name.substr(0, dot));
}

std::string_view TypeName(KeyType type) {
  switch (type) {
    case KeyType::kBoolean:
      return "boolean";
    case KeyType::kInteger:
      return "integer";
    case KeyType::kNumber:
      return "number";
    case KeyType::kText:
    case KeyType::kDevice:
    case KeyType::kFingerprint:
      return "text";
    case KeyType::kPath:
      return "path";
    case KeyType::kTextList:
    case KeyType::kBitsList:
      return "list";
  }
  return "";
}

std::string_view IdentityName(Identity identity) {
  switch (identity) {
    case Identity::kScience:
      return "science";
    case Identity::kAddition:
      return "addition";
    case Identity::kShorthand:
      return "shorthand";
    case Identity::kOperation:
      return "operation";
  }
  return "";
}

// "data.source is text or tokens"; "data.validation_path is unset"; "" when the key always applies.
std::string Condition(const TrialKey& key) {
  if (key.applies.key.empty()) return "";
  const std::string values = absl::StrReplaceAll(std::string(key.applies.values), {{"|", " or "}});
  return absl::StrCat(std::string(key.applies.key), " is ", values.empty() ? "unset" : values);
}

std::string DefaultText(const TrialKey& key) {
  return key.default_text.empty() ? "–" : ToText(DefaultValue(key));
}

std::string Help(const TrialKey& key) {
  const std::string condition = Condition(key);
  return absl::StrCat(std::string(key.help), condition.empty() ? "" : absl::StrCat(" (only where ", condition, ")"),
                      key.identity == Identity::kOperation ? " (no part of a trial's identity)" : "");
}

std::string Text() {
  std::string text = "Trial keys, for `trial:`, `grid:` and trial.json. In brackets the default.\n";
  std::string section = "none";
  for (const TrialKey& key : TrialKeys()) {
    if (Section(key) != section) text += "\n";
    section = Section(key);
    absl::StrAppend(&text, std::string(key.name), " [", DefaultText(key), "]\n    ", AcceptedValues(key), "\n    ",
                    Help(key), "\n");
  }
  return text;
}

std::string Markdown() {
  const auto escape = [](const std::string& cell) { return absl::StrReplaceAll(cell, {{"|", "\\|"}}); };
  std::string text =
      "# Trial keys\n\nWritten by `ofsweep spec --format markdown` from the table in experiment/trial_key_table.cc.\n"
      "Keys are dotted or nested in `trial:`, `grid:` and `trial.json`. A key whose condition does not hold is inert: "
      "it may be\n"
      "given, changes nothing, and is no part of a trial's identity.\n";
  std::string section = "none";
  for (const TrialKey& key : TrialKeys()) {
    if (Section(key) != section) {
      section = Section(key);
      absl::StrAppend(&text, "\n## ", section.empty() ? "seed" : section,
                      "\n\n| key | default | accepts | meaning |\n|---|---|---|---|\n");
    }
    absl::StrAppend(&text, "| `", std::string(key.name), "` | ", escape(DefaultText(key)), " | ",
                    escape(AcceptedValues(key)), " | ", escape(Help(key)), " |\n");
  }
  return text;
}

std::string YamlValue(const TrialKey& key) {
  if (key.default_text.empty()) return "\"\"";
  return ToText(DefaultValue(key));
}

std::string Yaml() {
  std::string text = "# Every trial key at its default.\ntrial:\n";
  std::string section;
  for (const TrialKey& key : TrialKeys()) {
    const bool nested = !Section(key).empty();
    if (nested && Section(key) != section) absl::StrAppend(&text, "  ", Section(key), ":\n");
    section = Section(key);
    const std::string name(nested ? key.name.substr(section.size() + 1) : key.name);
    const std::string assignment = absl::StrCat(nested ? "    " : "  ", name, ": ", YamlValue(key));
    absl::StrAppend(&text, PadRight(assignment, 40), "  # ", Help(key), "\n");
  }
  return text;
}

std::string Json() {
  nlohmann::ordered_json keys = nlohmann::ordered_json::array();
  for (const TrialKey& key : TrialKeys()) {
    nlohmann::ordered_json entry = {{"name", key.name},
                                    {"type", TypeName(key.type)},
                                    {"accepts", AcceptedValues(key)},
                                    {"default", ToJson(DefaultValue(key))},
                                    {"accepts_auto", key.accepts_auto},
                                    {"applies_when", nullptr},
                                    {"identity", IdentityName(key.identity)},
                                    {"help", key.help}};
    if (!key.applies.key.empty()) {
      const std::vector<std::string> values = absl::StrSplit(std::string(key.applies.values), '|');
      entry["applies_when"] = {{"key", key.applies.key}, {"values", values}};
    }
    keys.push_back(std::move(entry));
  }
  return keys.dump(2) + "\n";
}

}  // namespace

std::string RenderTrialKeys(ReferenceFormat format) {
  switch (format) {
    case ReferenceFormat::kText:
      return Text();
    case ReferenceFormat::kMarkdown:
      return Markdown();
    case ReferenceFormat::kYaml:
      return Yaml();
    case ReferenceFormat::kJson:
      return Json();
  }
  return "";
}

}  // namespace ofsweep
