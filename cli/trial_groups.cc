#include "cli/trial_groups.h"

#include <algorithm>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "experiment/edit_distance.h"
#include "experiment/problem.h"
#include "experiment/quoted.h"
#include "experiment/value.h"

namespace ofsweep {
namespace {

using Keys = std::vector<std::string>;

// The trial's arm and its seed, each value as users write it.
std::vector<std::pair<std::string, std::string>> PartsOf(const v1::Trial& trial) {
  std::vector<std::pair<std::string, std::string>> parts;
  const auto arm = nlohmann::ordered_json::parse(trial.arm_keys());
  for (const auto& [key, value] : arm.items()) parts.emplace_back(key, TextOfJson(value));
  if (const auto seed = trial.results().find("seed"); seed != trial.results().end()) {
    parts.emplace_back("seed", TextOfJson(static_cast<std::int64_t>(seed->second)));
  }
  return parts;
}

bool Has(const Keys& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// In the sweep's order, the seed behind them where there are several. A key that means nothing for a trial is not in
// its arm, so all arms are asked.
Keys VariedKeys(const std::vector<v1::Trial>& trials) {
  Keys keys;
  std::set<std::string> seeds;
  for (const v1::Trial& trial : trials) {
    auto next = keys.begin();
    for (const auto& [key, value] : PartsOf(trial)) {
      if (key == "seed") {
        seeds.insert(value);
        continue;
      }
      const auto known = std::find(keys.begin(), keys.end(), key);
      next = (known == keys.end() ? keys.insert(next, key) : known) + 1;
    }
  }
  if (seeds.size() > 1) keys.emplace_back("seed");
  return keys;
}

void CheckVaried(const char* option, const Keys& asked, const Keys& varied, std::vector<Problem>& problems) {
  for (const std::string& key : asked) {
    if (Has(varied, key)) continue;
    const std::string all = varied.empty() ? "it varies no key" : "it varies " + absl::StrJoin(varied, ", ");
    problems.push_back({.key = option,
                        .message = absl::StrCat("the sweep does not vary ", Quoted(key)),
                        .fix = DidYouMean(Nearest(key, {varied.begin(), varied.end()}), all)});
  }
}

// A name speaks for itself; a number or a truth value does not.
std::string ValueLabel(const std::string& key, const std::string& value) {
  double number = 0;
  const bool says_all = !absl::SimpleAtod(value, &number) && value != "true" && value != "false" && value != "auto" &&
                        value != "none" && !value.starts_with('[');
  if (says_all) return value;
  return absl::StrReplaceAll(key.substr(key.rfind('.') + 1), {{"_", " "}}) + " " + value;
}

std::string LabelOf(const v1::Trial& trial, const Keys& keys) {
  Keys values;
  const auto parts = PartsOf(trial);
  for (const std::string& wanted : keys) {
    for (const auto& [key, value] : parts) {
      if (key == wanted) values.push_back(ValueLabel(key, value));
    }
  }
  return absl::StrJoin(values, " · ");
}

std::size_t PlaceOf(const std::string& label, std::vector<std::string>& labels) {
  const auto found = std::find(labels.begin(), labels.end(), label);
  if (found != labels.end()) return static_cast<std::size_t>(found - labels.begin());
  labels.push_back(label);
  return labels.size() - 1;
}

}  // namespace

absl::StatusOr<TrialGroups> TrialGroups::Of(const std::vector<v1::Trial>& trials, const GroupingKeys& keys,
                                            bool drops_diverged) {
  const Keys varied = VariedKeys(trials);
  std::vector<Problem> problems;
  CheckVaried("--group-by", keys.groups.value_or(Keys()), varied, problems);
  CheckVaried("--panels", keys.panels, varied, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));
  Keys group_keys;
  for (const std::string& key : keys.groups.value_or(varied)) {
    const bool is_pooled = !keys.groups && (key == "seed" || Has(keys.panels, key));
    if (!is_pooled) group_keys.push_back(key);
  }
  TrialGroups made;
  made.keys_ = keys.panels;
  made.keys_.insert(made.keys_.end(), group_keys.begin(), group_keys.end());
  std::map<std::pair<FigurePlace, std::string>, std::string> first_values;
  for (const v1::Trial& trial : trials) {
    const FigurePlace place = {PlaceOf(LabelOf(trial, keys.panels), made.panels_),
                               PlaceOf(LabelOf(trial, group_keys), made.groups_)};
    if (drops_diverged && trial.state() == "diverged") continue;
    made.places_[trial.trial_id()] = place;
    for (const auto& [key, value] : PartsOf(trial)) {
      const std::string& first = first_values.try_emplace({place, key}, value).first->second;
      if (key != "seed" && first != value && !Has(made.pooled_, key)) made.pooled_.push_back(key);
    }
  }
  if (made.places_.size() < trials.size()) {
    for (const auto& [trial_id, place] : made.places_) made.only_.push_back(trial_id);
  }
  return made;
}

std::optional<FigurePlace> TrialGroups::Find(const std::string& trial_id) const {
  const auto found = places_.find(trial_id);
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

}  // namespace ofsweep
