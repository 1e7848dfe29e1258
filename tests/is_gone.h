#pragma once

#include <sys/types.h>

#include <fstream>
#include <sstream>
#include <string>

namespace ofsweep {

// No process, or one that only waits to be reaped, whoever has to.
inline bool IsGone(pid_t pid) {
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(pid) + "/stat").rdbuf();
  const std::string status = text.str();
  const std::size_t name_end = status.rfind(')');
  return name_end == std::string::npos || status.substr(name_end + 2, 1) == "Z";
}

}  // namespace ofsweep
