#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace ofsweep {

// The whole text of a file that the kernel shows; "" where it cannot be read.
std::string ReadText(const std::filesystem::path& path);

// The value of the first line "key<separator>value", without blanks around it.
std::optional<std::string> FindField(absl::string_view text, absl::string_view key, char separator);

// The number that a file or a field begins with ("1234", "1234 kB"); nothing for "max" and the like.
std::optional<double> ReadKernelNumber(absl::string_view text);

}  // namespace ofsweep
