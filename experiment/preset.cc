#include "experiment/preset.h"

#include <stdexcept>

namespace ofsweep {
namespace {

Value Integer(std::int64_t value) {
  return value;
}
Value Text(std::string_view value) {
  return std::string(value);
}

using Presets = std::map<std::string, Overrides, std::less<>>;

const Presets& AllPresets() {
  static const Presets presets = {
      {"nano",
       {{"model.layers", Integer(4)},
        {"model.width", Integer(192)},
        {"model.heads", Integer(6)},
        {"model.context", Integer(64)}}},
      // He et al. (arXiv 2405.19279), CodeParrot experiments.
      {"codeparrot-130m",
       {{"model.layers", Integer(12)},
        {"model.width", Integer(768)},
        {"model.heads", Integer(12)},
        {"model.context", Integer(128)},
        {"model.norm", Text("rms_norm")},
        {"model.bias", Text("qk")}}},
      // Bondarenko et al. (arXiv 2306.12929), OPT experiments.
      {"opt-125m",
       {{"model.layers", Integer(12)},
        {"model.width", Integer(768)},
        {"model.heads", Integer(12)},
        {"model.context", Integer(512)},
        {"model.bias", Text("all")},
        {"model.init_std", Value(0.006)},
        {"model.dropout", Value(0.1)}}},
  };
  return presets;
}

}  // namespace

const Overrides& PresetOverrides(std::string_view name) {
  const auto found = AllPresets().find(name);
  if (found == AllPresets().end()) throw std::logic_error("no preset is called " + std::string(name));
  return found->second;
}

}  // namespace ofsweep
