#include "cli/table_axes.h"

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

Keys VariedKeys(const Axis& axis) {
  std::set<std::string> keys = KeysOf(axis);
  keys.erase("seed");
  for (const char* preferred : {kPreferredRow, kPreferredColumn}) {
    if (keys.count(preferred) > 0 && CountValues(axis, {preferred}) == axis.points.size() && axis.points.size() > 1) {
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

}  // namespace

TableAxes ChooseTableAxes(const SweepSpec& spec) {
  Keys keys;
  for (const Axis& axis : spec.axes) {
    for (const std::string& key : VariedKeys(axis)) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  if (keys.empty()) return {.rows = {kPreferredRow}};

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

}  // namespace ofsweep
