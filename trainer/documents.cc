#include "trainer/documents.h"

#include <string>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"
#include "experiment/utf8.h"
#include "trainer/files.h"
#include "trainer/log.h"

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

absl::Status Changed(const CorpusFile& file) {
  return absl::FailedPreconditionError(absl::StrCat(
      file.path.string(),
      " was changed or replaced before its tokens were made: it is no longer what the trial is of, ",
      "and nothing was kept; put that file back and retry the trial, or submit its sweep under another name, which ",
      "trains on what is there now"));
}

absl::StatusOr<MappedFile> Map(const CorpusFile& file, const DataRoots& roots) {
  const absl::StatusOr<RegularFile> opened = roots.Open(file.path);
  if (!opened.ok()) return opened.status();
  return MappedFile::Of(*opened);
}

}  // namespace

absl::StatusOr<Documents> ChooseDocuments(CorpusKind kind, const InputContent& input) {
  const std::vector<CorpusFile>& files = input.files;
  Documents chosen{.roots = input.roots, .files = {}, .left_out = {}};
  std::unordered_set<std::string_view> contents;
  std::size_t looked_at = 0;
  LogPace pace;
  for (const CorpusFile& file : files) {
    if (pace.IsDue()) LogInfo(absl::StrCat("preparing data: ", looked_at, " of ", files.size(), " files looked at"));
    ++looked_at;
    const absl::StatusOr<MappedFile> mapped = Map(file, input.roots);
    if (!mapped.ok()) return mapped.status();
    const std::string_view text = mapped->text();
    const bool is_utf8 = IsUtf8(text);
    if (Sha256Hex(text) != file.sha256) return Changed(file);
    if (text.empty()) {
      ++chosen.left_out["empty"];
    } else if (!is_utf8) {
      ++chosen.left_out["not_utf8"];
    } else if (!contents.insert(file.sha256).second) {
      ++chosen.left_out["duplicate"];
    } else if (kind == CorpusKind::kPython && chosen.bytes + text.size() > kMostPythonBytes) {
      ++chosen.left_out["beyond_sample"];
    } else {
      chosen.files.push_back(file);
      chosen.bytes += text.size();
    }
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
    const absl::StatusOr<MappedFile> mapped = Map(file, documents.roots);
    if (!mapped.ok()) return mapped.status();
    std::string_view rest = mapped->text();
    Sha256 digest;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, FirstLineSize(rest));
      if (absl::Status status = consume(line); !status.ok()) return status;
      digest.Update(line);
      rest.remove_prefix(line.size());
    }
    if (digest.Hex() != file.sha256) return Changed(file);
    if (absl::Status status = consume({}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
