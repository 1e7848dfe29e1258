#include "cli/exported_file.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/format.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::string JsonText(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct CsvValue {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(std::int64_t number) const { return absl::StrCat(number); }
  std::string operator()(double number) const { return CsvNumber(number); }
  std::string operator()(const std::string& text) const { return CsvField(text); }
};

struct JsonValue {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(std::int64_t number) const { return absl::StrCat(number); }
  std::string operator()(double number) const {
    const std::string text = CsvNumber(number);
    return std::isfinite(number) ? text : absl::StrCat("\"", text, "\"");
  }
  std::string operator()(const std::string& text) const { return JsonText(text); }
};

}  // namespace

ExportedFile::ExportedFile(std::string path, ExportFormat format)
    : path_(std::move(path)),
      draft_((fs::path(path_).parent_path() / absl::StrCat(".", fs::path(path_).filename().string(), ".ofsweep-draft"))
                 .string()),
      format_(format),
      out_(draft_, std::ios::binary | std::ios::trunc) {}

ExportedFile::~ExportedFile() {
  if (!out_.is_open()) return;
  out_.close();
  std::error_code ignored;
  fs::remove(draft_, ignored);
}

absl::StatusOr<std::unique_ptr<ExportedFile>> ExportedFile::Begin(const std::string& path, ExportFormat format,
                                                                  const std::vector<std::string>& columns) {
  std::unique_ptr<ExportedFile> file(new ExportedFile(path, format));
  if (!file->out_) return file->CannotWrite();
  for (const std::string& column : columns) {
    file->names_.push_back(format == ExportFormat::kCsv ? CsvField(column) : JsonText(column));
  }
  if (format == ExportFormat::kJsonl) return file;
  for (std::size_t i = 0; i < columns.size(); ++i) file->out_ << (i == 0 ? "" : ",") << file->names_[i];
  file->out_ << "\n";
  return file;
}

absl::Status ExportedFile::Write(std::span<const ViewValue> row) {
  const bool is_json = format_ == ExportFormat::kJsonl;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_json) {
      out_ << (i == 0 ? '{' : ',') << names_[i] << ':' << std::visit(JsonValue(), row[i]);
    } else {
      out_ << (i == 0 ? "" : ",") << std::visit(CsvValue(), row[i]);
    }
  }
  out_ << (is_json ? "}\n" : "\n");
  ++rows_;
  return out_ ? absl::OkStatus() : CannotWrite();
}

absl::Status ExportedFile::Finish() {
  return out_.flush() ? absl::OkStatus() : CannotWrite();
}

absl::Status ExportedFile::TakePlace() {
  std::error_code error;
  fs::rename(draft_, path_, error);
  if (error) {
    return absl::ResourceExhaustedError(absl::StrCat(path_, ": cannot be replaced (", error.message(),
                                                     "); move what is there away, or give another --to"));
  }
  out_.close();
  return absl::OkStatus();
}

absl::Status ExportedFile::CannotWrite() const {
  return absl::ResourceExhaustedError(
      absl::StrCat(path_, ": cannot be written (", std::strerror(errno),
                   "); what was there before stays as it was. Free space there, make the folder writable, or give "
                   "another --to"));
}

}  // namespace ofsweep
