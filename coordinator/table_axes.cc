#include "coordinator/table_axes.h"

#include <algorithm>
#include <set>

namespace ofsweep {
namespace {

constexpr const char* kPreferredRow = "model.block";
constexpr const char* kPreferredColumn = "optimizer.name";

using Keys = std::vector<std::string>;

// Distinct combinations of some keys' values over the points of an axis; that a point lacks a key counts as one more
// value.
std::size_t CountValues(const Axis& axis, const Keys& keys) {
  std::set<Keys> combinations;
  for (const Overrides& point : axis.points) {
    Keys values;
    for (const std::string& key : keys) {
      const auto found = point.find(key);
      values.push_back(found == point.end() ? "" : "=" + ToText(found->second));
    }
    combinations.insert(std::move(values));
  }
  return combinations.size();
}

std::set<std::string> KeysOf(const Axis& axis) {
  std::set<std::string> keys;
  for (const Overrides& point : axis.points) {
    for (const auto& [key, value] : point) keys.insert(key);
  }
  return keys;
}

Keys VariedKeys(const Axis& axis, const Keys& pooled) {
  std::set<std::string> keys = KeysOf(axis);
  keys.erase("seed");
  for (const std::string& key : pooled) keys.erase(key);
  for (const char* preferred : {kPreferredRow, kPreferredColumn}) {
    if (keys.contains(preferred) && CountValues(axis, {preferred}) == axis.points.size() && axis.points.size() > 1) {
      return {preferred};
    }
  }
  Keys varied;
  for (const std::string& key : keys) {
    const std::size_t count = CountValues(axis, {key});
    if (count > 1 && count == axis.points.size()) return {key};
    if (count > 1) varied.push_back(key);
  }
  return varied;
}

bool Take(Keys& keys, const std::string& key) {
  const auto found = std::find(keys.begin(), keys.end(), key);
  if (found == keys.end()) return false;
  keys.erase(found);
  return true;
}

void Drop(const Keys& taken, Keys& keys) {
  for (const std::string& key : taken) Take(keys, key);
}

// model.block where it is not pooled: a row for a table that no key divides.
std::string SharedKey(const Keys& pooled) {
  const auto key = std::find_if(TrialKeys().begin(), TrialKeys().end(), [&pooled](const TrialKey& candidate) {
    return candidate.identity != Identity::kShorthand &&
           std::find(pooled.begin(), pooled.end(), candidate.name) == pooled.end();
  });
  return key == TrialKeys().end() ? kPreferredRow : std::string(key->name);
}

// What each sweep has in all of its trials, where no sweep varies it: of several sweeps these keys may differ too.
Axis BetweenSweeps(const std::vector<SweepSpec>& sweeps) {
  Axis axis;
  for (const SweepSpec& sweep : sweeps) {
    Overrides& common = axis.points.emplace_back(sweep.trial);
    for (const Axis& own : sweep.axes) {
      if (own.points.size() == 1) common.insert(own.points[0].begin(), own.points[0].end());
    }
  }
  for (const std::string& key : KeysOf(axis)) {
    // The axes of a sweep that varies it tell.
    const bool is_varied = std::any_of(sweeps.begin(), sweeps.end(), [&key](const SweepSpec& sweep) {
      return std::any_of(sweep.axes.begin(), sweep.axes.end(),
                         [&key](const Axis& own) { return own.points.size() > 1 && KeysOf(own).contains(key); });
    });
    for (Overrides& common : axis.points) {
      if (is_varied) {
        common.erase(key);
      } else {
        common.try_emplace(key, DefaultValue(*FindTrialKey(key)));
      }
    }
  }
  return axis;
}

TableAxes SuggestedAxes(const std::vector<SweepSpec>& sweeps, const Keys& pooled) {
  std::vector<Axis> axes_of_all;
  for (const SweepSpec& sweep : sweeps) axes_of_all.insert(axes_of_all.end(), sweep.axes.begin(), sweep.axes.end());
  if (sweeps.size() > 1) axes_of_all.push_back(BetweenSweeps(sweeps));
  Keys keys;
  for (const Axis& axis : axes_of_all) {
    for (const std::string& key : VariedKeys(axis, pooled)) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  if (keys.empty()) return {.rows = {SharedKey(pooled)}};

  TableAxes axes;
  if (Take(keys, kPreferredColumn)) {
    axes.cols = {kPreferredColumn};
  } else if (keys.size() > 1) {
    const auto column =
        std::find_if(keys.begin() + 1, keys.end(), [](const auto& key) { return key != kPreferredRow; });
    const std::string key = column == keys.end() ? keys.front() : *column;
    axes.cols = {key};
    Take(keys, key);
  }
  if (Take(keys, kPreferredRow)) axes.rows = {kPreferredRow};
  axes.rows.insert(axes.rows.end(), keys.begin(), keys.end());
  if (axes.rows.empty()) std::swap(axes.rows, axes.cols);
  return axes;
}

}  // namespace

TableAxes ChooseTableAxes(const std::vector<SweepSpec>& sweeps, const AxesWish& wish) {
  if (wish.rows && wish.cols) return {*wish.rows, *wish.cols};
  TableAxes axes = SuggestedAxes(sweeps, wish.pool);
  if (wish.rows) {
    Drop(*wish.rows, axes.cols);
    axes.rows = *wish.rows;
  }
  if (wish.cols) {
    Drop(*wish.cols, axes.rows);
    axes.cols = *wish.cols;
  }
  if (axes.rows.empty()) std::swap(axes.rows, axes.cols);
  return axes;
}

}  // namespace ofsweep
