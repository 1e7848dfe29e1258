#include "trainer/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "the values are written as they lie in memory");

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMostHeaderBytes = 100'000'000;  // the format's own limit
constexpr char kChecksumKey[] = "sha256";

struct TypeName {
  std::string_view name;
  at::ScalarType type;
};

constexpr TypeName kTypes[] = {{"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
                               {"I64", at::kLong},   {"I32", at::kInt},   {"I16", at::kShort}, {"I8", at::kChar},
                               {"U8", at::kByte},    {"BOOL", at::kBool}};

std::optional<at::ScalarType> TypeOf(std::string_view name) {
  for (const TypeName& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

std::string_view NameOf(at::ScalarType type) {
  for (const TypeName& row : kTypes) {
    if (row.type == type) return row.name;
  }
  throw std::logic_error(absl::StrCat("safetensors files hold no ", c10::toString(type)));
}

// How the checksum stands in the header that WriteSafetensors makes.
std::string ChecksumEntry(const std::string& digits) {
  return absl::StrCat("\"", kChecksumKey, "\":\"", digits, "\"");
}

std::string NoChecksum() {
  return std::string(64, '0');
}

std::uint64_t ReadLength(std::string_view bytes) {
  std::uint64_t length;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  return length;
}

}  // namespace

// Fills a SafetensorsFile from its bytes.
class SafetensorsFile::Parser {
 public:
  Parser(SafetensorsFile& file, ForeignTypes foreign) : file_(file), foreign_(foreign) {}

  absl::Status Parse() {
    const std::string_view bytes = file_.file_.text();
    if (bytes.size() < kLengthBytes) return Truncated();
    const std::uint64_t length = ReadLength(bytes);
    if (length > kMostHeaderBytes) return Damaged("is not a safetensors file (its header would be too long)");
    if (bytes.size() - kLengthBytes < length) return Truncated();
    header_ = bytes.substr(kLengthBytes, length);
    file_.values_ = bytes.substr(kLengthBytes + length);
    const Json json = Json::parse(header_, nullptr, false);
    if (!json.is_object()) return Damaged("is not a safetensors file (its header is no JSON object)");
    for (const auto& [name, entry] : json.items()) {
      if (absl::Status status = name == "__metadata__" ? ReadMetadata(entry) : ReadEntry(name, entry); !status.ok()) {
        return status;
      }
    }
    if (absl::Status status = CheckTiling(); !status.ok()) return status;
    return CheckChecksum();
  }

 private:
  absl::Status Damaged(const std::string& what) const {
    return absl::DataLossError(
        absl::StrCat(file_.path_.string(), ": ", what, "; write the file again, or use another one"));
  }

  absl::Status Truncated() const {
    return Damaged(
        absl::StrCat("is truncated: it has ", file_.file_.text().size(), " bytes, fewer than its header says"));
  }

  absl::Status ReadMetadata(const Json& json) {
    if (!json.is_object()) return Damaged("its __metadata__ is no object");
    for (const auto& [key, value] : json.items()) {
      if (!value.is_string()) return Damaged("its __metadata__ holds what is no text");
      file_.metadata_[key] = value.get<std::string>();
    }
    return absl::OkStatus();
  }

  absl::Status ReadEntry(const std::string& name, const Json& json) {
    Entry entry;
    try {
      entry.dtype = json.at("dtype").get<std::string>();
      entry.type = TypeOf(entry.dtype);
      if (!entry.type && foreign_ == ForeignTypes::kRefused) {
        return Damaged("a tensor has an unknown dtype");
      }
      const Json& shape = json.at("shape");
      if (!shape.is_array()) return Damaged("a tensor has no valid shape");
      for (const Json& dimension : shape) {
        if (!dimension.is_number_unsigned()) return Damaged("a tensor has no valid shape");
        entry.shape.push_back(dimension.get<std::int64_t>());
      }
      const Json& offsets = json.at("data_offsets");
      if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
          !offsets[1].is_number_unsigned()) {
        return Damaged("a tensor has no valid data_offsets");
      }
      entry.begin = offsets[0].get<std::size_t>();
      entry.end = offsets[1].get<std::size_t>();
    } catch (const Json::exception&) {
      return Damaged("a tensor lacks its dtype, shape or data_offsets");
    }
    if (entry.begin > entry.end) return Damaged("a tensor ends before it begins");
    if (entry.end > file_.values_.size()) return Truncated();
    if (!ShapeFills(entry)) return Damaged("a tensor has other bytes than its dtype and shape need");
    file_.entries_[name] = std::move(entry);
    return absl::OkStatus();
  }

  static bool ShapeFills(const Entry& entry) {
    if (!entry.type) return true;  // nobody knows how large its elements are
    std::uint64_t bytes = c10::elementSize(*entry.type);
    for (const std::int64_t dimension : entry.shape) {
      if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dimension), &bytes)) return false;
    }
    return bytes == entry.end - entry.begin;
  }

  // The tensors lie side by side: no hole, no overlap, nothing left over.
  absl::Status CheckTiling() const {
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    for (const auto& [name, entry] : file_.entries_) ranges.emplace_back(entry.begin, entry.end);
    std::sort(ranges.begin(), ranges.end());
    std::size_t expected = 0;
    for (const auto& [begin, end] : ranges) {
      if (begin != expected) return Damaged("its tensors overlap or leave a hole");
      expected = end;
    }
    if (expected != file_.values_.size()) return Damaged("has bytes that belong to no tensor");
    return absl::OkStatus();
  }

  absl::Status CheckChecksum() const {
    const auto checksum = file_.metadata_.find(kChecksumKey);
    if (checksum == file_.metadata_.end()) return absl::OkStatus();
    std::string header(header_);
    const std::size_t at = header.find(ChecksumEntry(checksum->second));
    if (at != std::string::npos) header.replace(at, ChecksumEntry("").size() + 64, ChecksumEntry(NoChecksum()));
    Sha256 digest;
    digest.Update(header);
    digest.Update(file_.values_);
    if (digest.Hex() != checksum->second) return Damaged("is damaged: its content does not match its checksum");
    return absl::OkStatus();
  }

  SafetensorsFile& file_;
  const ForeignTypes foreign_;
  std::string_view header_;
};

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::filesystem::path& path, ForeignTypes foreign) {
  absl::StatusOr<MappedFile> mapped = MappedFile::Open(path);
  if (!mapped.ok()) return mapped.status();
  return Parse(path, *std::move(mapped), foreign);
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Of(const RegularFile& file) {
  absl::StatusOr<MappedFile> mapped = MappedFile::Of(file);
  if (!mapped.ok()) return mapped.status();
  return Parse(file.path(), *std::move(mapped), ForeignTypes::kRefused);
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Parse(const std::filesystem::path& path, MappedFile mapped,
                                                       ForeignTypes foreign) {
  SafetensorsFile file(path, std::move(mapped));
  if (absl::Status status = Parser(file, foreign).Parse(); !status.ok()) return status;
  return file;
}

std::vector<std::string> SafetensorsFile::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

at::Tensor SafetensorsFile::Read(std::string_view name) const {
  const Entry& entry = entries_.find(name)->second;
  at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.type));
  if (entry.end > entry.begin) {
    std::memcpy(tensor.data_ptr(), values_.data() + entry.begin, entry.end - entry.begin);
  }
  return tensor;
}

absl::Status WriteSafetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                              Metadata metadata) {
  // Wide types first, so that every tensor is aligned where a reader maps the file.
  std::vector<const NamedTensor*> ordered;
  for (const NamedTensor& tensor : tensors) ordered.push_back(&tensor);
  std::stable_sort(ordered.begin(), ordered.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return a->tensor.element_size() > b->tensor.element_size();
  });

  metadata[kChecksumKey] = NoChecksum();
  Json json;
  json["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const NamedTensor* named : ordered) {
    const std::size_t end = offset + named->tensor.nbytes();
    json[named->name] = {{"dtype", NameOf(named->tensor.scalar_type())},
                         {"shape", named->tensor.sizes().vec()},
                         {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string header = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  header.resize((header.size() + 7) / 8 * 8, ' ');

  return WriteFileAtomically(path, [&](FileWriter& file) -> absl::Status {
    const std::uint64_t length = header.size();
    if (absl::Status status = file.Write(&length, kLengthBytes); !status.ok()) return status;
    if (absl::Status status = file.Write(header.data(), header.size()); !status.ok()) return status;
    Sha256 digest;
    digest.Update(header);
    for (const NamedTensor* named : ordered) {
      const at::Tensor values = named->tensor.detach().cpu().contiguous();
      digest.Update(values.data_ptr(), values.nbytes());
      if (absl::Status status = file.Write(values.data_ptr(), values.nbytes()); !status.ok()) return status;
    }
    return file.Overwrite(kLengthBytes + header.find(ChecksumEntry(NoChecksum())), ChecksumEntry(digest.Hex()));
  });
}

}  // namespace ofsweep
