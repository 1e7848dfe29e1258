#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "trainer/files.h"
#include "trainer/named_tensor.h"

namespace ofsweep {

using Metadata = std::map<std::string, std::string, std::less<>>;

// A file of named tensors in the safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON
// header of dtypes, shapes and offsets, the raw little-endian values. Opened by mapping: a tensor is read when asked
// for.
class SafetensorsFile {
 public:
  // Checks the whole structure, and the checksum where WriteSafetensors left one. DataLoss for a truncated or damaged
  // file, NotFound where there is none; the message names the file, what is wrong and how to mend it.
  static absl::StatusOr<SafetensorsFile> Open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const Metadata& metadata() const { return metadata_; }

  // In alphabetical order.
  std::vector<std::string> Names() const;
  bool Has(std::string_view name) const { return entries_.find(name) != entries_.end(); }

  // A copy on the CPU. `name` must be there.
  at::Tensor Read(std::string_view name) const;

 private:
  struct Entry {
    at::ScalarType type;
    std::vector<std::int64_t> shape;
    std::size_t begin;  // within the values
    std::size_t end;
  };
  class Parser;

  SafetensorsFile(std::filesystem::path path, MappedFile file) : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  MappedFile file_;
  std::string_view values_;
  Metadata metadata_;
  std::map<std::string, Entry, std::less<>> entries_;
};

// Writes the tensors (of any device) and the metadata whole or not at all, one tensor in memory at a time. Adds the
// metadata key "sha256": the digest of header and values, with 64 zeros in its own place.
absl::Status WriteSafetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                              Metadata metadata);

}  // namespace ofsweep
