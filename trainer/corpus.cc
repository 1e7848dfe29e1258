#include "trainer/corpus.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "experiment/sha256.h"
#include "trainer/files.h"
#include "trainer/log.h"
#include "trainer/utf8.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostPythonBytes = 16 << 20;

std::vector<fs::path> PythonFolders() {
  std::vector<fs::path> folders;
  for (const char* pattern : {"/usr/lib/python3*", "/usr/local/lib/python3*"}) {
    glob_t found{};
    if (glob(pattern, GLOB_ONLYDIR, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) folders.emplace_back(found.gl_pathv[i]);
    }
    globfree(&found);
  }
  return folders;
}

void AddFile(const fs::path& path, std::vector<CorpusFile>& files) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  files.push_back({path, static_cast<std::uint64_t>(status.st_size),
                   status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec});
}

void AddFolder(CorpusKind kind, const fs::path& folder, std::vector<CorpusFile>& files) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.filename().native().starts_with('.')) {
      if (entry->is_directory(error)) entry.disable_recursion_pending();
    } else if (kind == CorpusKind::kText || path.extension() == ".py") {
      AddFile(path, files);
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<CorpusFile>> ListCorpus(CorpusKind kind, const fs::path& path) {
  const bool system_python = kind == CorpusKind::kPython && path.empty();
  const std::vector<fs::path> roots = system_python ? PythonFolders() : std::vector<fs::path>{path};
  std::vector<CorpusFile> files;
  for (const fs::path& root : roots) {
    if (fs::is_directory(root)) {
      AddFolder(kind, root, files);
    } else {
      AddFile(root, files);
    }
  }
  if (files.empty()) {
    if (system_python) {
      return absl::NotFoundError(
          "data.source python: no Python files under /usr/lib/python3* or /usr/local/lib/python3*; "
          "install python3, or name a folder with data.path");
    }
    return absl::NotFoundError(absl::StrCat("data.path: ", path.string(), " holds no ",
                                            kind == CorpusKind::kPython ? "Python files" : "files",
                                            "; name a file or folder that exists"));
  }
  std::sort(files.begin(), files.end(), [](const CorpusFile& a, const CorpusFile& b) { return a.path < b.path; });
  return files;
}

std::string ListingDigest(const std::vector<CorpusFile>& files) {
  Sha256 digest;
  for (const CorpusFile& file : files) {
    digest.Update(absl::StrCat(file.path.string(), std::string(1, '\0'), file.size, " ", file.modified, "\n"));
  }
  return digest.Hex();
}

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
    if (mapped->text().empty()) continue;
    if (!IsUtf8(mapped->text())) {
      ++chosen.undecodable;
    } else if (by_content.emplace(Sha256Hex(mapped->text()), &file).second) {
      in_order.push_back(&file);
    } else {
      ++chosen.duplicates;
    }
  }
  if (kind == CorpusKind::kPython) {
    in_order.clear();
    for (const auto& [digest, file] : by_content) in_order.push_back(file);
  }
  for (const CorpusFile* file : in_order) {
    if (kind == CorpusKind::kPython && chosen.bytes + file->size > kMostPythonBytes) continue;
    chosen.files.push_back(*file);
    chosen.bytes += file->size;
  }
  if (chosen.files.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("data.path: ", files.front().path.string(), " and the ",
                                                      files.size() - 1,
                                                      " files beside it are empty or no UTF-8 text; convert them"));
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
      const std::size_t line_feed = rest.find('\n');
      const std::size_t size = line_feed == std::string_view::npos ? rest.size() : line_feed + 1;
      if (absl::Status status = consume(rest.substr(0, size)); !status.ok()) return status;
      rest.remove_prefix(size);
    }
    if (absl::Status status = consume({}); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
