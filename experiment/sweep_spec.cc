#include "experiment/sweep_spec.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "experiment/edit_distance.h"
#include "experiment/override_reader.h"
#include "experiment/quoted.h"
#include "experiment/sweep_name.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMaxDescriptionBytes = 10'000;
constexpr std::size_t kMaxTags = 100;

class SpecReader {
 public:
  SpecReader(std::string file, std::vector<Problem>& problems)
      : file_(std::move(file)), reader_(file_, problems), problems_(problems) {}

  SweepSpec Read(const YAML::Node& root) {
    if (!root.IsMap()) {
      reader_.Report(root, "", "a sweep is a mapping with name, trial and grid", "see sweeps/quickstart.yaml");
      return {};
    }
    std::map<std::string, int> lines;
    for (const auto& entry : root) {
      const std::string name = entry.first.Scalar();
      const auto [first, is_new] = lines.try_emplace(name, LineOf(entry.first, file_));
      if (is_new) {
        ReadSection(entry.first, entry.second);
      } else {
        reader_.Report(entry.first, name, GivenTwice(first->second), "make one section of the two");
      }
    }
    // In the order of the documentation, whatever the order of the file.
    spec_.axes = std::move(grid_);
    std::move(zip_.begin(), zip_.end(), std::back_inserter(spec_.axes));
    std::move(trials_.begin(), trials_.end(), std::back_inserter(spec_.axes));
    if (!spec_.name.empty() || named_) {
      CheckName();
    } else {
      reader_.Report(root, "name", "is missing", "add a line like name: my-sweep");
    }
    CheckDoubled();
    ApplySet();
    return std::move(spec_);
  }

 private:
  void ReadSection(const YAML::Node& name_node, const YAML::Node& value) {
    const std::string& name = name_node.Scalar();
    if (name == "name") {
      named_ = true;
      spec_.name = value.IsScalar() ? value.Scalar() : "";
      spec_.lines["name"] = LineOf(value, file_);
    } else if (name == "trial") {
      spec_.trial = reader_.ReadOverrides(value);
      NoteLine(spec_.trial, value);
    } else if (name == "grid") {
      ReadGrid(value);
    } else if (name == "zip") {
      ForEachEntry(name, value, [this](const YAML::Node& entry) { ReadZip(entry); });
    } else if (name == "trials") {
      Axis axis;
      ForEachEntry(name, value, [&](const YAML::Node& entry) { axis.points.push_back(ReadPoint(entry)); });
      if (!axis.points.empty()) trials_.push_back(std::move(axis));
    } else if (name == "exclude") {
      ForEachEntry(name, value, [this](const YAML::Node& entry) {
        spec_.exclude.push_back({ReadPoint(entry), LineOf(entry, file_)});
      });
    } else if (name == "set") {
      ReadSet(value);
    } else if (name == "description") {
      ReadDescription(value);
    } else if (name == "tags") {
      ReadTags(value);
    } else if (name == "priority") {
      ReadPriority(value);
    } else if (name == "keep") {
      ReadKeep(value);
    } else if (name == "keep.checkpoints") {
      ReadKeepCheckpoints(value);
    } else {
      const std::string_view nearest = Nearest(
          name, {"name", "description", "tags", "priority", "keep", "trial", "grid", "zip", "trials", "exclude"});
      reader_.Report(name_node, name, "unknown section",
                     FindTrialKey(name) != nullptr
                         ? "put trial keys under trial: or grid:"
                         : DidYouMean(nearest,
                                      "known are name, description, tags, priority, keep, trial, grid, zip, "
                                      "trials, exclude and set"));
    }
  }

  void ReadDescription(const YAML::Node& value) {
    const auto is_control = [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\n'; };
    if (!value.IsScalar() || value.Scalar().size() > kMaxDescriptionBytes) {
      reader_.Report(value, "description", absl::StrCat("expected a text of at most ", kMaxDescriptionBytes, " bytes"));
    } else if (std::any_of(value.Scalar().begin(), value.Scalar().end(), is_control)) {
      reader_.Report(value, "description", "has control characters", "of these newlines alone are taken");
    } else {
      spec_.attributes.description = value.Scalar();
    }
  }

  void ReadTags(const YAML::Node& value) {
    if (!value.IsSequence() || value.size() > kMaxTags) {
      reader_.Report(value, "tags", absl::StrCat("expected a list of at most ", kMaxTags, " tags"),
                     "write it as tags: [paper, soap]");
      return;
    }
    std::set<std::string> tags;
    for (const YAML::Node& tag : value) {
      if (tag.IsScalar() && IsSweepName(tag.Scalar())) {
        tags.insert(tag.Scalar());
      } else {
        reader_.Report(tag, "tags", absl::StrCat(tag.IsScalar() ? Quoted(tag.Scalar()) : "a list", " is no tag"),
                       kSweepNameRule);
      }
    }
    spec_.attributes.tags.assign(tags.begin(), tags.end());
  }

  void ReadPriority(const YAML::Node& value) {
    int priority = 0;
    const bool is_read = value.IsScalar() && absl::SimpleAtoi(value.Scalar(), &priority) && -kMaxPriority <= priority &&
                         priority <= kMaxPriority;
    if (is_read) {
      spec_.attributes.priority = priority;
    } else {
      reader_.Report(value, "priority",
                     absl::StrCat("expected a whole number from -", kMaxPriority, " to ", kMaxPriority),
                     "0 is what a sweep has that says none; trials of a higher one begin first");
    }
  }

  void ReadKeep(const YAML::Node& value) {
    if (value.IsMap() && value.size() == 1 && value["checkpoints"]) {
      ReadKeepCheckpoints(value["checkpoints"]);
    } else {
      reader_.Report(value, "keep", "expected checkpoints alone", "write it as keep: {checkpoints: last}");
    }
  }

  void ReadKeepCheckpoints(const YAML::Node& value) {
    const auto keep = value.IsScalar() ? ParseKeepCheckpoints(value.Scalar()) : std::nullopt;
    if (std::exchange(keeps_, true)) {
      reader_.Report(value, "keep.checkpoints", "is given twice", "keep one of them");
    } else if (!keep) {
      reader_.Report(value, "keep.checkpoints",
                     absl::StrCat("expected none, last or all",
                                  value.IsScalar() ? absl::StrCat(", got ", Quoted(value.Scalar())) : ""));
    } else {
      spec_.attributes.keep_checkpoints = *keep;
    }
  }

  template <class Visit>
  void ForEachEntry(const std::string& section, const YAML::Node& list, Visit visit) {
    if (!list.IsSequence()) {
      reader_.Report(list, section, "expected a list of mappings", "write each entry as - {key: value}");
      return;
    }
    for (const YAML::Node& entry : list) visit(entry);
  }

  Overrides ReadPoint(const YAML::Node& entry) {
    Overrides point = reader_.ReadOverrides(entry);
    NoteLine(point, entry);
    return point;
  }

  void ReadGrid(const YAML::Node& value) {
    for (auto& list : reader_.ReadLists(value)) {
      spec_.lines.try_emplace(list.key, list.line);
      Axis axis;
      for (Value& item : list.values) axis.points.push_back({{list.key, std::move(item)}});
      if (!axis.points.empty()) grid_.push_back(std::move(axis));
    }
  }

  void ReadZip(const YAML::Node& entry) {
    const auto lists = reader_.ReadLists(entry);
    if (lists.empty()) return;
    Axis axis;
    axis.points.resize(lists.front().values.size());
    for (const auto& list : lists) {
      spec_.lines.try_emplace(list.key, list.line);
      if (list.values.size() != axis.points.size()) {
        reader_.Report(entry, list.key,
                       absl::StrCat("has ", list.values.size(), " values, but ", lists.front().key, " beside it has ",
                                    axis.points.size()),
                       "lists of one zip entry advance together: make them equally long");
        return;
      }
      for (std::size_t i = 0; i < axis.points.size(); ++i) axis.points[i].emplace(list.key, list.values[i]);
    }
    zip_.push_back(std::move(axis));
  }

  // Its lines are no lines of the user's file: the option is named instead.
  void ReadSet(const YAML::Node& value) {
    std::vector<Problem> problems;
    spec_.set = OverrideReader(file_, problems).ReadOverrides(value);
    for (Problem& problem : problems) {
      const YAML::Node given = value.IsMap() ? value[problem.key] : YAML::Node();
      const std::string text = given.IsDefined() && given.IsScalar() ? given.Scalar() : "…";
      problems_.push_back({"", 0, problem.key.empty() ? "set" : SetOptionText(problem.key, text),
                           std::move(problem.message), std::move(problem.fix)});
    }
  }

  // Whoever set one value of a key that varies would drop the others unseen.
  void ApplySet() {
    for (const auto& [key, value] : spec_.set) {
      const bool is_varied = std::any_of(spec_.axes.begin(), spec_.axes.end(), [&key](const Axis& axis) {
        return std::any_of(axis.points.begin(), axis.points.end(),
                           [&key](const Overrides& point) { return point.contains(key); });
      });
      if (is_varied) {
        problems_.push_back({file_, spec_.lines[key], SetOptionText(key, ToText(value)), "the sweep varies this key",
                             "leave the option out, or take the key out of grid, zip and trials"});
      }
      spec_.trial.insert_or_assign(key, value);
    }
  }

  void NoteLine(const Overrides& overrides, const YAML::Node& node) {
    for (const auto& [key, value] : overrides) spec_.lines.try_emplace(key, LineOf(node, file_));
  }

  void CheckName() {
    if (IsSweepName(spec_.name)) return;
    problems_.push_back({file_, spec_.lines["name"], "name",
                         absl::StrCat(Quoted(spec_.name), " is no name for a sweep"), kSweepNameRule});
  }

  // A key may be given once: in `trial`, or on one axis.
  void CheckDoubled() {
    std::set<std::string, std::less<>> taken;
    for (const Axis& axis : spec_.axes) {
      std::set<std::string, std::less<>> here;
      for (const Overrides& point : axis.points) {
        for (const auto& [key, value] : point) here.insert(key);
      }
      for (const std::string& key : here) {
        if (!taken.insert(key).second) {
          problems_.push_back(
              {file_, spec_.lines[key], key, "is varied twice", "keep it in one of grid, zip and trials"});
        } else if (spec_.trial.contains(key)) {
          problems_.push_back(
              {file_, spec_.lines[key], key, "is fixed under trial and varied too", "remove it from trial"});
        }
      }
    }
  }

  std::string file_;
  OverrideReader reader_;
  std::vector<Problem>& problems_;
  SweepSpec spec_;
  std::vector<Axis> grid_, zip_, trials_;
  bool named_ = false;
  bool keeps_ = false;  // it says which checkpoints
};

}  // namespace

std::string SetOptionText(std::string_view key, std::string_view value) {
  return absl::StrCat("--set ", Printable(key), "=", Printable(value));
}

SweepSpec ParseSweepSpec(std::string_view yaml, const std::string& file, std::vector<Problem>& problems) {
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    std::erase_if(documents, [](const YAML::Node& document) { return document.IsNull(); });
    if (documents.size() > 1) {
      problems.push_back({file, LineOf(documents[1], file), "",
                          "begins a second document; a sweep file holds one sweep",
                          "remove the line --- above it, or give each sweep its file"});
      return {};
    }
    return SpecReader(file, problems).Read(documents.empty() ? YAML::Node() : documents.front());
  } catch (const YAML::Exception& error) {
    problems.push_back(
        {file, file.empty() ? 0 : error.mark.line + 1, "", absl::StrCat("is not YAML: ", error.msg), ""});
    return {};
  }
}

}  // namespace ofsweep
