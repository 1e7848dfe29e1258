#pragma once

#include <string>

#include "cli/progress_display.h"

namespace ofsweep {

// Sends the process's log to standard error. `level` is trace, debug, info, warning or error.
void SetUpLog(const std::string& level);

// While it lives, log lines of any thread go above the live lines of `display` instead of through them. Needs SetUpLog.
class LogAboveDisplay {
 public:
  explicit LogAboveDisplay(ProgressDisplay& display);
  ~LogAboveDisplay();
  LogAboveDisplay(const LogAboveDisplay&) = delete;
  LogAboveDisplay& operator=(const LogAboveDisplay&) = delete;
};

}  // namespace ofsweep
