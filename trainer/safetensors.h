#pragma once

#include <filesystem>
#include <map>
#include <optional>
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
  // Tensors of a dtype that is not known here (U16, F8_E4M3, …).
  enum class ForeignTypes {
    kRefused,  // the file counts as damaged
    kKept,     // they have a name, a dtype and a shape, and cannot be read
  };

  // Checks the whole structure, and the checksum where WriteSafetensors left one. DataLoss for a truncated or damaged
  // file, NotFound where there is none; the message names the file, what is wrong and how to mend it, and quotes
  // nothing that it holds, for whoever reads it may have no right to. Of a path that a trial names, see DataRoots.
  static absl::StatusOr<SafetensorsFile> Open(const std::filesystem::path& path,
                                              ForeignTypes foreign = ForeignTypes::kRefused);
  // One that is open.
  static absl::StatusOr<SafetensorsFile> Of(const RegularFile& file);

  const std::filesystem::path& path() const { return path_; }
  const Metadata& metadata() const { return metadata_; }

  // In alphabetical order.
  std::vector<std::string> Names() const;
  bool Has(std::string_view name) const { return entries_.find(name) != entries_.end(); }

  // Of the tensor `name`, which must be there: its dtype as the file has it ("F32"), what LibTorch calls it (nothing
  // for a foreign one), its shape.
  const std::string& Dtype(std::string_view name) const { return entries_.find(name)->second.dtype; }
  std::optional<at::ScalarType> Type(std::string_view name) const { return entries_.find(name)->second.type; }
  at::IntArrayRef Shape(std::string_view name) const { return entries_.find(name)->second.shape; }

  // A copy on the CPU. `name` must be there, and of no foreign type.
  at::Tensor Read(std::string_view name) const;

 private:
  struct Entry {
    std::string dtype;
    std::optional<at::ScalarType> type;
    std::vector<std::int64_t> shape;
    std::size_t begin;  // within the values
    std::size_t end;
  };
  class Parser;

  static absl::StatusOr<SafetensorsFile> Parse(const std::filesystem::path& path, MappedFile mapped,
                                               ForeignTypes foreign);
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
