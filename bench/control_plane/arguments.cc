#include "bench/control_plane/arguments.h"

#include <stdexcept>

namespace ofsweep {

Arguments::Arguments(int count, char** words) {
  for (int i = 0; i < count; i += 2) {
    const std::string key = words[i];
    if (!key.starts_with("--") || i + 1 == count) throw std::runtime_error(key + ": expected --key value");
    values_[key.substr(2)] = words[i + 1];
  }
}

std::string Arguments::Text(const std::string& key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) throw std::runtime_error("give --" + key);
  return found->second;
}

std::string Arguments::Text(const std::string& key, const std::string& otherwise) const {
  const auto found = values_.find(key);
  return found == values_.end() ? otherwise : found->second;
}

long Arguments::Number(const std::string& key, long otherwise) const {
  const auto found = values_.find(key);
  return found == values_.end() ? otherwise : std::stol(found->second);
}

}  // namespace ofsweep
