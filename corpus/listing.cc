#include "corpus/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "absl/cleanup/cleanup.h"
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

absl::StatusOr<struct stat> StatusOf(const absl::StatusOr<UniqueFd>& found, const fs::path& path) {
  if (!found.ok()) return found.status();
  struct stat status;
  if (::fstat(found->get(), &status) != 0) return CannotBeRead(path, errno);
  return status;
}

// The names in a folder that was found.
absl::StatusOr<std::vector<std::string>> NamesIn(const UniqueFd& found, const fs::path& path) {
  UniqueFd folder(::openat(found.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return CannotBeRead(path, errno);
  DIR* stream = ::fdopendir(folder.get());
  if (stream == nullptr) return CannotBeRead(path, errno);
  folder.release();
  const absl::Cleanup close = [stream] { ::closedir(stream); };
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return CannotBeRead(path, errno);
  return names;
}

// Lists what a trial key names.
class Lister {
 public:
  Lister(CorpusKind kind, const DataRoots& roots) : kind_(kind), roots_(roots) {}

  absl::Status Add(const fs::path& path) {
    const absl::StatusOr<UniqueFd> found = roots_.Find(path);
    const absl::StatusOr<struct stat> status = StatusOf(found, path);
    if (!status.ok()) return status.status();
    if (S_ISREG(status->st_mode)) {
      listing_.files.push_back(FileOf(path, *status));
      return absl::OkStatus();
    }
    if (!S_ISDIR(status->st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat(path.string(), " is neither a file nor a folder; name one of them"));
    }
    folders_.push_back(path);
    while (!folders_.empty()) {
      const fs::path folder = std::move(folders_.back());
      folders_.pop_back();
      if (absl::Status added = AddFolder(folder); !added.ok()) return added;
    }
    return absl::OkStatus();
  }

  CorpusListing Take() {
    std::sort(listing_.files.begin(), listing_.files.end(),
              [](const CorpusFile& a, const CorpusFile& b) { return a.path < b.path; });
    return std::move(listing_);
  }

 private:
  absl::Status AddFolder(const fs::path& path) {
    const absl::StatusOr<UniqueFd> folder = roots_.Find(path);
    if (!folder.ok()) return folder.status();
    const absl::StatusOr<std::vector<std::string>> names = NamesIn(*folder, path);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      if (name.starts_with('.')) {
        ++listing_.left_out["hidden"];
      } else if (absl::Status status = AddEntry(*folder, path / name); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddEntry(const UniqueFd& folder, const fs::path& path) {
    struct stat status;
    if (::fstatat(folder.get(), path.filename().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return CannotBeRead(path, errno);
    }
    const bool is_source = kind_ == CorpusKind::kText || path.extension() == ".py";
    if (S_ISLNK(status.st_mode)) return AddLink(path, is_source);
    if (S_ISDIR(status.st_mode)) {
      folders_.push_back(path);
    } else if (is_source) {
      AddSource(path, status);
    }
    return absl::OkStatus();
  }

  absl::Status AddLink(const fs::path& path, bool is_source) {
    const absl::StatusOr<struct stat> target = StatusOf(roots_.Find(path), path);
    if (is_source && absl::IsPermissionDenied(target.status())) return target.status();
    if (target.ok() && S_ISDIR(target->st_mode)) {
      ++listing_.left_out["link"];
    } else if (is_source && target.ok()) {
      AddSource(path, *target);
    } else if (is_source) {
      ++listing_.left_out["link"];
    }
    return absl::OkStatus();
  }

  void AddSource(const fs::path& path, const struct stat& status) {
    if (S_ISREG(status.st_mode)) {
      listing_.files.push_back(FileOf(path, status));
    } else {
      ++listing_.left_out["special"];
    }
  }

  const CorpusKind kind_;
  const DataRoots& roots_;
  std::vector<fs::path> folders_;  // to be listed yet
  CorpusListing listing_;
};

}  // namespace

absl::StatusOr<CorpusListing> ListCorpus(CorpusKind kind, const fs::path& path, const DataRoots& roots,
                                         std::string_view key) {
  const bool system_python = kind == CorpusKind::kPython && path.empty();
  const DataRoots own_roots = RootsOf(path, roots);
  Lister lister(kind, own_roots);
  for (const fs::path& place : system_python ? PythonFolders() : std::vector<fs::path>{path}) {
    if (absl::Status status = lister.Add(place); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat(std::string(key), ": ", status.message()));
    }
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

DataRoots RootsOf(const fs::path& path, const DataRoots& roots) {
  return path.empty() ? DataRoots() : roots;
}

fs::path SidecarOf(const fs::path& tokens) {
  return fs::path(tokens).replace_extension(".json");
}

}  // namespace ofsweep
