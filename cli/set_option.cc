#include "cli/set_option.h"

#include <utility>

#include <yaml-cpp/yaml.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/option_values.h"
#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

using Assignment = std::pair<std::string, YAML::Node>;

bool IsValue(const YAML::Node& node) {
  if (!node.IsSequence()) return node.IsScalar() || node.IsNull();
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) return false;
  }
  return true;
}

absl::StatusOr<Assignment> ParseAssignment(const std::string& text) {
  const auto pair = SplitKeyValue("--set", text, "optimizer.learning_rate=1e-3");
  if (!pair.ok()) return pair.status();
  const auto& [key, value] = *pair;
  try {
    const YAML::Node node = YAML::Load(value);
    if (IsValue(node)) return Assignment(key, node);
    return absl::InvalidArgumentError(
        absl::StrCat(SetOptionText(key, value), ": expected one value, or a list of them like [a, b]"));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(SetOptionText(key, value), ": the value is not YAML: ", error.msg));
  }
}

void Emit(const YAML::Node& value, YAML::Emitter& out) {
  if (value.IsSequence()) {
    out << YAML::Flow << YAML::BeginSeq;
    for (const YAML::Node& item : value) out << item.Scalar();
    out << YAML::EndSeq;
  } else if (value.IsNull()) {
    out << YAML::Null;
  } else {
    out << value.Scalar();
  }
}

std::string Section(const std::vector<Assignment>& assignments, YAML::EMITTER_MANIP style) {
  YAML::Emitter out;
  out.SetMapFormat(style);
  out << YAML::BeginMap;
  if (style == YAML::Block) out << YAML::Key << "set" << YAML::Value << YAML::BeginMap;
  for (const auto& [key, value] : assignments) {
    out << YAML::Key << key << YAML::Value;
    Emit(value, out);
  }
  out << YAML::EndMap;
  if (style == YAML::Block) out << YAML::EndMap;
  return out.c_str();
}

// The one mapping that the text holds; null where it is something else, which the parser says better.
YAML::Node LoadMapping(const std::string& text) {
  try {
    YAML::Node mapping;
    for (const YAML::Node& document : YAML::LoadAll(text)) {
      if (document.IsNull()) continue;
      if (!document.IsMap() || mapping.IsMap()) return {};
      mapping.reset(document);
    }
    return mapping;
  } catch (const YAML::Exception&) {
    return {};
  }
}

std::string Appended(const std::string& text, const YAML::Node& root, const std::vector<Assignment>& assignments) {
  if (root.Style() == YAML::EmitterStyle::Flow) {  // JSON too
    const std::size_t end = text.rfind('}');
    return absl::StrCat(text.substr(0, end), ", \"set\": ", Section(assignments, YAML::Flow), text.substr(end));
  }
  const std::string indent(static_cast<std::size_t>(root.begin()->first.Mark().column), ' ');
  const std::string lines = absl::StrReplaceAll(Section(assignments, YAML::Block), {{"\n", "\n" + indent}});
  return absl::StrCat(text, text.ends_with('\n') ? "" : "\n", indent, "# Given by --set.\n", indent, lines, "\n");
}

}  // namespace

absl::Status AddSetSection(const std::vector<std::string>& assignments, const std::string& file, std::string& text) {
  std::vector<Assignment> parsed;
  for (const std::string& assignment : assignments) {
    absl::StatusOr<Assignment> one = ParseAssignment(assignment);
    if (!one.ok()) return one.status();
    parsed.push_back(*std::move(one));
  }
  const YAML::Node root = LoadMapping(text);
  if (parsed.empty() || !root.IsMap() || root.size() == 0) return absl::OkStatus();
  if (root["set"].IsDefined()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": has a section set already, which --set would be; change ",
                                                   "the values there, or move them to trial"));
  }
  std::string appended = Appended(text, root, parsed);
  const YAML::Node whole = LoadMapping(appended);
  if (!whole.IsMap() || !whole["set"].IsMap() || whole["set"].size() != parsed.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        file, ": --set cannot be added behind its last line; remove a final \"...\", \"---\", comma or comment there"));
  }
  text = std::move(appended);
  return absl::OkStatus();
}

}  // namespace ofsweep
