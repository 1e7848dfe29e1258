#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "experiment/problem.h"
#include "experiment/trial_config.h"

namespace ofsweep {

// "is given twice, first in line 3", or above where a text has no file, whose lines nobody can look at.
std::string GivenTwice(int first_line);

// Reads trial keys out of parsed YAML (or JSON, its subset), where `model: {block: op}` and `model.block: op` mean the
// same. Every mistake becomes a problem with its file, line and key; what is right is kept.
class OverrideReader {
 public:
  // Relative paths are resolved against the folder of `file`; with an empty `file` they are a mistake, and stay as they
  // are.
  OverrideReader(std::string file, std::vector<Problem>& problems) : file_(std::move(file)), problems_(problems) {}

  // A mapping of keys to single values.
  Overrides ReadOverrides(const YAML::Node& node);

  // A mapping of keys to lists of values (`grid`, `zip`), in the order written.
  struct KeyValues {
    std::string key;
    int line = 0;
    std::vector<Value> values;
  };
  std::vector<KeyValues> ReadLists(const YAML::Node& node);

  void Report(const YAML::Node& at, std::string key, std::string message, std::string fix = "");

 private:
  void ReadMapping(const YAML::Node& node, const std::string& prefix,
                   const std::function<void(const TrialKey&, const YAML::Node&)>& found);
  std::optional<Value> ReadValue(const TrialKey& key, const YAML::Node& node);
  Value ResolvePath(const TrialKey& key, const YAML::Node& node, const std::string& path);

  std::string file_;
  std::vector<Problem>& problems_;
};

// 1-based line of a node; 0 when the text was no file.
int LineOf(const YAML::Node& node, const std::string& file);

}  // namespace ofsweep
