#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "corpus/data_roots.h"
#include "experiment/trainer_event.h"

namespace ofsweep {

enum class CorpusKind { kPython, kText };

struct CorpusFile {
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::string sha256;  // 64 hexadecimal digits; empty where it was listed only
};

struct CorpusListing {
  std::vector<CorpusFile> files;  // sorted by path
  LeftOutFiles left_out;
};

// Every *.py file (python) or every file (text) under `path`, which may also be one file. For python an empty path
// means the Python of this machine: /usr/lib/python3* and /usr/local/lib/python3*. Left out are `hidden` files and
// folders, each `link` to a folder or to nothing, and what is `special`: sockets, pipes, devices. `key` is the trial
// key that holds the path, for messages. Errors as of DataRoots::Find, for what is in the folder too: a link that leads
// out of `roots` may be to a file that belongs to the corpus. NotFound also where there is no file.
absl::StatusOr<CorpusListing> ListCorpus(CorpusKind kind, const std::filesystem::path& path, const DataRoots& roots,
                                         std::string_view key = "data.path");

// What an input is read from that a trial names: `roots`, unless it names nothing and means the Python of this machine.
DataRoots RootsOf(const std::filesystem::path& path, const DataRoots& roots);

// NAME.json beside NAME.bin, which says how its tokens are to be read.
std::filesystem::path SidecarOf(const std::filesystem::path& tokens);

}  // namespace ofsweep
