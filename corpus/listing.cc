#include "corpus/listing.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

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

CorpusFile FileOf(const fs::path& path, const struct stat& status) {
  return {.path = path, .size = static_cast<std::uint64_t>(status.st_size)};
}

// Lists what a trial key names.
class Lister {
 public:
  Lister(CorpusKind kind, std::string_view key) : kind_(kind), key_(key) {}

  absl::Status Add(const fs::path& root) {
    struct stat status;
    if (stat(root.c_str(), &status) != 0) return Unreadable(root, errno);
    if (S_ISDIR(status.st_mode)) return AddFolder(root);
    if (!S_ISREG(status.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat(key_, ": ", root.string(), " is neither a file nor a folder; name one of them"));
    }
    listing_.files.push_back(FileOf(root, status));
    return absl::OkStatus();
  }

  CorpusListing Take() {
    std::sort(listing_.files.begin(), listing_.files.end(),
              [](const CorpusFile& a, const CorpusFile& b) { return a.path < b.path; });
    return std::move(listing_);
  }

 private:
  absl::Status Unreadable(const fs::path& path, int error) const {
    const std::string message = absl::StrCat(key_, ": ", path.string(), " cannot be read: ", std::strerror(error));
    if (error == ENOENT || error == ENOTDIR) {
      return absl::NotFoundError(absl::StrCat(message, "; name a file or folder that exists"));
    }
    return absl::FailedPreconditionError(
        absl::StrCat(message, "; make it readable for this user, or name another file or folder"));
  }

  absl::Status AddFolder(const fs::path& folder) {
    std::error_code error;
    fs::path opening = folder;
    fs::recursive_directory_iterator entry(folder, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      opening = entry->path();  // where it is a folder
      if (opening.filename().native().starts_with('.')) {
        ++listing_.left_out["hidden"];
        entry.disable_recursion_pending();
      } else if (absl::Status status = AddEntry(opening); !status.ok()) {
        return status;
      }
    }
    return error ? Unreadable(opening, error.value()) : absl::OkStatus();
  }

  absl::Status AddEntry(const fs::path& path) {
    struct stat itself;
    if (lstat(path.c_str(), &itself) != 0) return Unreadable(path, errno);
    const bool is_link = S_ISLNK(itself.st_mode);
    const bool is_source = kind_ == CorpusKind::kText || path.extension() == ".py";
    struct stat status;
    if (stat(path.c_str(), &status) != 0) {
      if (is_link && is_source) ++listing_.left_out["link"];
    } else if (S_ISDIR(status.st_mode)) {
      if (is_link) ++listing_.left_out["link"];
    } else if (is_source && S_ISREG(status.st_mode)) {
      listing_.files.push_back(FileOf(path, status));
    } else if (is_source) {
      ++listing_.left_out["special"];
    }
    return absl::OkStatus();
  }

  const CorpusKind kind_;
  const std::string key_;
  CorpusListing listing_;
};

}  // namespace

absl::StatusOr<CorpusListing> ListCorpus(CorpusKind kind, const fs::path& path, std::string_view key) {
  const bool system_python = kind == CorpusKind::kPython && path.empty();
  const std::vector<fs::path> roots = system_python ? PythonFolders() : std::vector<fs::path>{path};
  Lister lister(kind, key);
  for (const fs::path& root : roots) {
    if (absl::Status status = lister.Add(root); !status.ok()) return status;
  }
  CorpusListing listing = lister.Take();
  if (listing.files.empty()) {
    if (system_python) {
      return absl::NotFoundError(
          "data.source python: no Python files under /usr/lib/python3* or /usr/local/lib/python3*; "
          "install python3, or name a folder with data.path");
    }
    const std::string left_out = ToText(listing.left_out);
    return absl::NotFoundError(absl::StrCat(
        std::string(key), ": ", path.string(), " holds no ", kind == CorpusKind::kPython ? "Python files" : "files",
        left_out.empty() ? "" : absl::StrCat(" but those left out (", left_out, ")"), "; name another file or folder"));
  }
  return listing;
}

fs::path SidecarOf(const fs::path& tokens) {
  return fs::path(tokens).replace_extension(".json");
}

}  // namespace ofsweep
