#pragma once

#include <string_view>

namespace ofsweep {

// One line on standard error with time and level; standard output belongs to the events. LibTorch's headers bring an
// fmt of their own that spdlog cannot be compiled with, hence these functions.
void LogInfo(std::string_view message);
void LogWarning(std::string_view message);
void LogError(std::string_view message);

}  // namespace ofsweep
