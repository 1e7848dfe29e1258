#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ofsweep {

// How many more bytes this user may write on the disk of a file or folder; nothing where the system does not say.
std::optional<std::uint64_t> FreeBytesOnDiskOf(const std::string& path);

// Of an errno: the disk, the quota or the file size limit is full.
bool IsNoSpace(int system_error);

}  // namespace ofsweep
