#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/exported_file.h"
#include "cli/files.h"
#include "cli/format.h"
#include "cli/progress_display.h"
#include "experiment/data_folder.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// One line of a terminal, written over; nothing anywhere else.
class ExportProgress {
 public:
  explicit ExportProgress(std::ostream& err) : err_(err), is_shown_(DetectTerminal(STDERR_FILENO).has_value()) {}
  ~ExportProgress() {
    if (is_drawn_) err_ << "\r\x1b[K" << std::flush;
  }

  void Show(std::string_view view, std::size_t done, std::size_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_shown_ || now - drawn_ < std::chrono::milliseconds(200)) return;
    drawn_ = now;
    is_drawn_ = true;
    err_ << "\r\x1b[K" << view << ": " << done << " of " << all << std::flush;
  }

 private:
  std::ostream& err_;
  const bool is_shown_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point drawn_ = std::chrono::steady_clock::now();
};

absl::StatusOr<std::unique_ptr<ExportedFile>> WriteView(ViewReader& reader, const ReadableView& view,
                                                        const DbExportOptions& options, ExportProgress& progress) {
  const auto columns = reader.Columns(view);
  if (!columns.ok()) return columns.status();
  const char* ending = options.format == ExportFormat::kCsv ? ".csv" : ".jsonl";
  auto file = ExportedFile::Begin((fs::path(options.to) / absl::StrCat(std::string(view.name), ending)).string(),
                                  options.format, *columns);
  if (!file.ok()) return file.status();
  absl::Status written = reader.Visit(
      view, [&](std::span<const ViewValue> row) { return (*file)->Write(row); },
      [&](std::size_t done, std::size_t all) { progress.Show(view.name, done, all); });
  if (written.ok()) written = (*file)->Finish();
  if (!written.ok()) return written;
  return file;
}

}  // namespace

absl::Status DbExport(const DbExportOptions& options, Streams streams) {
  const auto reader = ViewReader::Open(DatabaseAt(options.data_dir), options.sweeps);
  if (!reader.ok()) return reader.status();
  if (absl::Status made = MakeNamedFolder("--to", options.to); !made.ok()) return made;
  std::vector<std::unique_ptr<ExportedFile>> files;
  {
    ExportProgress progress(streams.err);
    for (const ReadableView& view : kReadableViews) {
      auto file = WriteView(**reader, view, options, progress);
      if (!file.ok()) return file.status();
      files.push_back(*std::move(file));
    }
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& file : files) {
    if (absl::Status placed = file->TakePlace(); !placed.ok()) return placed;
    rows.push_back({file->path(), absl::StrCat(file->rows(), file->rows() == 1 ? " row" : " rows")});
  }
  streams.out << AlignColumns(rows);
  return absl::OkStatus();
}

}  // namespace ofsweep
