#pragma once

#include <cstdint>
#include <filesystem>

namespace ofsweep {

// Bytes of memory that this process may use: the machine's, or the least limit of its control group and of those above
// it. `root` stands for "/" in tests.
double MemoryBytes(const std::filesystem::path& root = "/");

// Of these what nobody uses now; files that were read once make room.
double FreeMemoryBytes(const std::filesystem::path& root = "/");

// How often the kernel has killed for lack of memory in this process's control group, or on the machine when the group
// cannot be read. Only a difference has a meaning.
std::uint64_t OutOfMemoryKills(const std::filesystem::path& root = "/");

}  // namespace ofsweep
