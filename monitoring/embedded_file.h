#pragma once

#include <cstddef>
#include <string_view>

namespace ofsweep {

// A file that is part of the program (cmake/EmbedFolder.cmake).
struct EmbeddedFile {
  const char* path;
  const char* begin;
  const char* end;

  std::string_view text() const { return {begin, static_cast<std::size_t>(end - begin)}; }
};

}  // namespace ofsweep
