#include "trainer/documents.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"
#include "trainer/files.h"
#include "trainer/log.h"
#include "trainer/utf8.h"

namespace ofsweep {
namespace {

constexpr std::uint64_t kMostPythonBytes = 16 << 20;

// A byte of a UTF-8 character behind its first one.
bool IsContinuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// How much of `text`, which is not empty, is its first line, or the first piece of a long one.
std::size_t FirstLineSize(std::string_view text) {
  const std::size_t line_feed = text.substr(0, kMaxPieceBytes).find('\n');
  if (line_feed != std::string_view::npos) return line_feed + 1;
  if (text.size() <= kMaxPieceBytes) return text.size();
  const std::size_t space = text.rfind(' ', kMaxPieceBytes);
  if (space != std::string_view::npos && space > 0) return space;
  std::size_t end = kMaxPieceBytes;
  while (end > kMaxPieceBytes - 3 && IsContinuation(text[end])) --end;
  return end;
}

}  // namespace

absl::StatusOr<Documents> ChooseDocuments(CorpusKind kind, const std::vector<CorpusFile>& files) {
  Documents chosen;
  std::map<std::string, const CorpusFile*> by_content;
  std::vector<const CorpusFile*> in_order;
  std::size_t looked_at = 0;
  LogPace pace;
  for (const CorpusFile& file : files) {
    if (pace.IsDue()) LogInfo(absl::StrCat("preparing data: ", looked_at, " of ", files.size(), " files looked at"));
    ++looked_at;
    const absl::StatusOr<MappedFile> mapped = MappedFile::Open(file.path);
    if (!mapped.ok()) return mapped.status();
    if (mapped->text().empty()) {
      ++chosen.left_out["empty"];
    } else if (!IsUtf8(mapped->text())) {
      ++chosen.left_out["not_utf8"];
    } else if (by_content.emplace(Sha256Hex(mapped->text()), &file).second) {
      in_order.push_back(&file);
    } else {
      ++chosen.left_out["duplicate"];
    }
  }
  if (kind == CorpusKind::kPython) {
    in_order.clear();
    for (const auto& [digest, file] : by_content) in_order.push_back(file);
  }
  for (const CorpusFile* file : in_order) {
    if (kind == CorpusKind::kPython && chosen.bytes + file->size > kMostPythonBytes) {
      ++chosen.left_out["beyond_sample"];
      continue;
    }
    chosen.files.push_back(*file);
    chosen.bytes += file->size;
  }
  if (chosen.files.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(files.front().path.string(), " and the ", files.size() - 1,
                                                      " files beside it: all are left out (", ToText(chosen.left_out),
                                                      "); convert them to UTF-8, or name others with data.path"));
  }
  return chosen;
}

absl::Status ForEachLine(const Documents& documents,
                         const std::function<absl::Status(std::string_view line)>& consume) {
  for (const CorpusFile& file : documents.files) {
    const absl::StatusOr<MappedFile> mapped = MappedFile::Open(file.path);
    if (!mapped.ok()) return mapped.status();
    std::string_view rest = mapped->text();
    while (!rest.empty()) {
      const std::size_t size = FirstLineSize(rest);
      if (absl::Status status = consume(rest.substr(0, size)); !status.ok()) return status;
      rest.remove_prefix(size);
    }
    if (absl::Status status = consume({}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
