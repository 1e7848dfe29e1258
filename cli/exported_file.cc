#include "cli/exported_file.h"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"

namespace ofsweep {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

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

ExportedFile::ExportedFile(std::unique_ptr<FileDraft> draft, ExportFormat format)
    : draft_(std::move(draft)), format_(format) {}

absl::StatusOr<std::unique_ptr<ExportedFile>> ExportedFile::Begin(const std::string& path, ExportFormat format,
                                                                  const std::vector<std::string>& columns) {
  auto draft = FileDraft::Begin(path, ", or give another --to");
  if (!draft.ok()) return draft.status();
  std::unique_ptr<ExportedFile> file(new ExportedFile(*std::move(draft), format));
  for (const std::string& column : columns) {
    file->names_.push_back(format == ExportFormat::kCsv ? CsvField(column) : JsonText(column));
  }
  if (format == ExportFormat::kJsonl) return file;
  file->buffer_ = absl::StrCat(absl::StrJoin(file->names_, ","), "\n");
  return file;
}

absl::Status ExportedFile::Write(std::span<const ViewValue> row) {
  const bool is_json = format_ == ExportFormat::kJsonl;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_json) {
      absl::StrAppend(&buffer_, i == 0 ? "{" : ",", names_[i], ":", std::visit(JsonValue(), row[i]));
    } else {
      absl::StrAppend(&buffer_, i == 0 ? "" : ",", std::visit(CsvValue(), row[i]));
    }
  }
  buffer_ += is_json ? "}\n" : "\n";
  ++rows_;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status ExportedFile::Flush() {
  absl::Status written = draft_->Append(buffer_);
  buffer_.clear();
  return written;
}

absl::Status ExportedFile::Finish() {
  if (absl::Status written = Flush(); !written.ok()) return written;
  return draft_->Sync();
}

}  // namespace ofsweep
