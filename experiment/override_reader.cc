#include "experiment/override_reader.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "experiment/edit_distance.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

bool IsGroup(const std::string& prefix) {
  for (const TrialKey& key : TrialKeys()) {
    if (key.name.starts_with(prefix + ".")) return true;
  }
  return false;
}

std::vector<std::string> Scalars(const YAML::Node& list) {
  std::vector<std::string> texts;
  for (const YAML::Node& item : list) texts.push_back(item.IsScalar() ? item.Scalar() : "a nested value");
  return texts;
}

}  // namespace

int LineOf(const YAML::Node& node, const std::string& file) {
  return file.empty() || node.Mark().is_null() ? 0 : node.Mark().line + 1;
}

std::string GivenTwice(int first_line) {
  return absl::StrCat("is given twice, first ", first_line > 0 ? absl::StrCat("in line ", first_line) : "above");
}

void OverrideReader::Report(const YAML::Node& at, std::string key, std::string message, std::string fix) {
  problems_.push_back({file_, LineOf(at, file_), std::move(key), std::move(message), std::move(fix)});
}

void OverrideReader::ReadMapping(const YAML::Node& node, const std::string& prefix,
                                 const std::function<void(const TrialKey&, const YAML::Node&)>& found) {
  if (!node.IsMap()) {
    Report(node, prefix, "expected a mapping of trial keys", "write it as {key: value}");
    return;
  }
  std::map<std::string, int> lines;
  for (const auto& entry : node) {
    const std::string name = prefix.empty() ? entry.first.Scalar() : prefix + "." + entry.first.Scalar();
    const auto [first, is_new] = lines.try_emplace(name, LineOf(entry.first, file_));
    if (!is_new) {
      Report(entry.first, name, GivenTwice(first->second), "keep one of them");
    } else if (const TrialKey* key = FindTrialKey(name)) {
      found(*key, entry.second);
    } else if (IsGroup(name) && entry.second.IsMap()) {
      ReadMapping(entry.second, name, found);
    } else {
      Report(entry.first, name, "unknown key", DidYouMean(NearestTrialKey(name), "`ofsweep spec` lists all keys"));
    }
  }
}

Overrides OverrideReader::ReadOverrides(const YAML::Node& node) {
  Overrides overrides;
  ReadMapping(node, "", [&](const TrialKey& key, const YAML::Node& value) {
    const bool doubled = overrides.contains(key.name);
    if (doubled) Report(value, std::string(key.name), "is given twice, nested and dotted", "keep one of them");
    if (auto read = ReadValue(key, value)) overrides.insert_or_assign(std::string(key.name), *std::move(read));
  });
  return overrides;
}

std::vector<OverrideReader::KeyValues> OverrideReader::ReadLists(const YAML::Node& node) {
  std::vector<KeyValues> lists;
  ReadMapping(node, "", [&](const TrialKey& key, const YAML::Node& values) {
    KeyValues list{.key = std::string(key.name), .line = LineOf(values, file_)};
    if (!values.IsSequence()) {
      Report(values, list.key, "expected a list of values", "write it as [a, b]");
      return;
    }
    if (values.size() == 0) {
      Report(values, list.key, "the list is empty, so the grid has no trial",
             "give at least one value, or drop the key");
      return;
    }
    for (const YAML::Node& value : values) {
      if (auto read = ReadValue(key, value)) list.values.push_back(*std::move(read));
    }
    lists.push_back(std::move(list));
  });
  return lists;
}

std::optional<Value> OverrideReader::ReadValue(const TrialKey& key, const YAML::Node& node) {
  absl::StatusOr<Value> value = absl::InvalidArgumentError(absl::StrCat("expected ", AcceptedValues(key)));
  if (node.IsScalar()) {
    if (key.type == KeyType::kPath) return ResolvePath(key, node, node.Scalar());
    value = ParseValue(key, node.Scalar());
  } else if (node.IsSequence()) {
    value = ParseValue(key, Scalars(node));
  } else if (node.IsNull() && key.type == KeyType::kPath) {
    return Value(std::string());
  }
  if (value.ok()) return *std::move(value);
  Report(node, std::string(key.name), std::string(value.status().message()));
  return std::nullopt;
}

Value OverrideReader::ResolvePath(const TrialKey& key, const YAML::Node& node, const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty() || fs::path(path).is_absolute()) return Value(path);
  if (file_.empty()) {
    Report(node, std::string(key.name),
           absl::StrCat("the path ", Quoted(path), " is relative, but there is no file to resolve it against"),
           "give an absolute path");
    return Value(path);  // a stored sweep is read without its file, to learn what it varies
  }
  const fs::path folder = fs::absolute(fs::path(file_)).parent_path();
  return Value((folder / path).lexically_normal().string());
}

}  // namespace ofsweep
