#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <utility>

#include "host/unique_fd.h"

namespace ofsweep {

// A regular file that is open for reading. Whoever reads it reads from the descriptor: by now its path may name another
// one.
class RegularFile {
 public:
  // `status` as fstat says it of `descriptor`; `path` for messages.
  RegularFile(UniqueFd descriptor, const struct stat& status, std::filesystem::path path)
      : descriptor_(std::move(descriptor)), status_(status), path_(std::move(path)) {}

  int descriptor() const { return descriptor_.get(); }
  const std::filesystem::path& path() const { return path_; }
  // When it was opened.
  const struct stat& status() const { return status_; }
  std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }

 private:
  UniqueFd descriptor_;
  struct stat status_;
  std::filesystem::path path_;
};

}  // namespace ofsweep
