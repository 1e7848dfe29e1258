#include <set>

#include "experiment/sweep_spec.h"

namespace ofsweep {
namespace {

// Every value that a sweep gives a text key; the default too where some trials do not give it.
std::set<std::string> ValuesOf(const SweepSpec& spec, std::string_view key) {
  std::set<std::string> values;
  const auto add = [&](const Overrides& overrides) {
    const auto given = overrides.find(key);
    if (given != overrides.end()) values.insert(ToText(given->second));
    return given != overrides.end();
  };
  bool is_always_given = add(spec.trial);
  for (const Axis& axis : spec.axes) {
    bool by_every_point = true;
    for (const Overrides& point : axis.points) by_every_point = add(point) && by_every_point;
    is_always_given = is_always_given || by_every_point;
  }
  if (!is_always_given) values.insert(ToText(DefaultValue(*FindTrialKey(key))));
  return values;
}

}  // namespace

std::vector<DataInput> InputsOf(const SweepSpec& spec) {
  std::set<DataInput> inputs;
  for (const InputKeys& keys : kInputKeys) {
    const bool is_weights = keys.path == "model.init_from";
    for (const std::string& source :
         is_weights ? std::set<std::string>{"safetensors"} : ValuesOf(spec, "data.source")) {
      for (const std::string& path : ValuesOf(spec, keys.path)) {
        if (const DataInput input{source, path}; IsInput(input, keys)) inputs.insert(input);
      }
    }
  }
  return {inputs.begin(), inputs.end()};
}

}  // namespace ofsweep
