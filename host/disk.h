#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ofsweep {

// How many more bytes this user may write on the disk of a file or folder; nothing where the system does not say.
std::optional<std::uint64_t> FreeBytesOnDiskOf(const std::string& path);

// Whether a file of so many bytes finds room in the folder now, for which one is made and removed: unlike free bytes it
// knows of quotas. Where the file system cannot reserve bytes a MiB is written. True for a folder that is not there.
bool HasRoomFor(const std::string& folder, std::uint64_t bytes);

// Of an errno: the disk, the quota or the file size limit is full.
bool IsNoSpace(int system_error);

}  // namespace ofsweep
