#include "corpus/data_roots.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // of one path, as the kernel has it

// What is left of `path` below `folder`; nothing where it does not begin with it.
std::optional<fs::path> Below(const fs::path& path, const fs::path& folder) {
  auto [rest, end] = std::mismatch(path.begin(), path.end(), folder.begin(), folder.end());
  if (end != folder.end()) return std::nullopt;
  fs::path below;
  for (; rest != path.end(); ++rest) below /= *rest;
  return below;
}

// The text of a link that is open; empty on an error, as no link's is.
std::string TargetOf(const UniqueFd& link) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

}  // namespace

struct DataRoots::Root {
  fs::path name;      // as it was given, absolute
  fs::path resolved;  // without links; as `name` where it cannot be opened
  UniqueFd folder;
  int error = 0;  // why it could not be opened
};

// One way down from the folders, component by component. The kernel's openat2 does not do: with RESOLVE_BENEATH it
// refuses an absolute link that stays within its folder, and with RESOLVE_IN_ROOT it takes it for another one. No
// component is followed by the kernel (O_NOFOLLOW), so that whoever exchanges one meanwhile leads nobody out; "..",
// too, goes back to the folder that was come through, not to where that one may have been moved.
class DataRoots::Walk {
 public:
  explicit Walk(const std::vector<Root>& roots) : roots_(roots) {}

  absl::StatusOr<UniqueFd> Find(const fs::path& path) {
    path_ = path;
    if (path.empty()) return CannotBeRead(path, ENOENT);
    if (absl::Status status = Begin(fs::absolute(path)); !status.ok()) return status;
    while (!ahead_.empty()) {
      const fs::path component = std::move(ahead_.back());
      ahead_.pop_back();
      if (absl::Status status = Step(component); !status.ok()) return status;
    }
    if (!passed_.empty()) return std::move(passed_.back());
    UniqueFd root(::fcntl(root_->folder.get(), F_DUPFD_CLOEXEC, 0));
    if (root.get() < 0) return CannotBeRead(path_, errno);
    return root;
  }

 private:
  absl::Status Begin(const fs::path& absolute) {
    passed_.clear();
    for (const Root& root : roots_) {
      std::optional<fs::path> below = Below(absolute, root.name);
      if (!below) below = Below(absolute, root.resolved);
      if (!below) continue;
      if (root.error != 0) return CannotBeRead(root.name, root.error);
      root_ = &root;
      Push(*below);
      return absl::OkStatus();
    }
    return Outside();
  }

  void Push(const fs::path& path) {
    const std::vector<fs::path> components(path.begin(), path.end());
    ahead_.insert(ahead_.end(), components.rbegin(), components.rend());
  }

  absl::Status Step(const fs::path& component) {
    if (component.empty() || component == ".") return absl::OkStatus();
    if (component == "..") {
      if (passed_.empty()) return Outside();
      passed_.pop_back();
      return absl::OkStatus();
    }
    const int folder = passed_.empty() ? root_->folder.get() : passed_.back().get();
    UniqueFd found(::openat(folder, component.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (found.get() < 0 || ::fstat(found.get(), &status) != 0) return CannotBeRead(path_, errno);
    if (S_ISLNK(status.st_mode)) return Follow(TargetOf(found));
    passed_.push_back(std::move(found));
    return absl::OkStatus();
  }

  absl::Status Follow(const fs::path& target) {
    if (target.empty()) return CannotBeRead(path_, ENOENT);
    if (++links_ > kMostLinks) return CannotBeRead(path_, ELOOP);
    if (target.is_absolute()) return Begin(target);
    Push(target);
    return absl::OkStatus();
  }

  absl::Status Outside() const {
    std::vector<std::string> names;
    for (const Root& root : roots_) names.push_back(root.name.string());
    return absl::PermissionDeniedError(absl::StrCat(
        path_.string(), " lies outside of the folders that trials may read here (",
        names.empty() ? "there are none" : absl::StrJoin(names, ", "),
        "), or a link on the way leads out of them; start the worker with --data-root and the folder that ",
        "it is in, or put it into one of them"));
  }

  const std::vector<Root>& roots_;
  fs::path path_;  // as it was asked for
  const Root* root_ = nullptr;
  std::vector<UniqueFd> passed_;  // below root_; the last is where the walk is
  std::vector<fs::path> ahead_;   // components, the next one last
  int links_ = 0;
};

DataRoots::DataRoots(std::span<const std::string> folders) {
  auto roots = std::make_shared<std::vector<Root>>();
  for (const std::string& folder : folders) {
    if (folder.empty()) continue;
    Root root{.name = fs::absolute(folder).lexically_normal(), .resolved = {}, .folder = {}};
    if (!root.name.has_filename() && root.name.has_relative_path()) root.name = root.name.parent_path();  // "data/"
    root.folder = UniqueFd(::open(root.name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (root.folder.get() < 0) root.error = errno;
    std::error_code error;
    root.resolved = fs::canonical(root.name, error);
    if (error) root.resolved = root.name;
    roots->push_back(std::move(root));
  }
  roots_ = std::move(roots);
}

absl::StatusOr<UniqueFd> DataRoots::Find(const fs::path& path) const {
  if (roots_ != nullptr) return Walk(*roots_).Find(path);
  UniqueFd found(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (found.get() < 0) return CannotBeRead(path, errno);
  return found;
}

absl::StatusOr<RegularFile> DataRoots::Open(const fs::path& path) const {
  const absl::StatusOr<UniqueFd> found = Find(path);
  if (!found.ok()) return found.status();
  struct stat status;
  if (::fstat(found->get(), &status) != 0) return CannotBeRead(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), " is ", S_ISDIR(status.st_mode) ? "a folder" : "no regular file", "; name a file"));
  }
  // The kernel's link to the open file is the file itself, not its name.
  UniqueFd file(::open(absl::StrCat("/proc/self/fd/", found->get()).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) return CannotBeRead(path, errno);
  return RegularFile(std::move(file), status, path);
}

absl::Status CannotBeRead(const fs::path& path, int error) {
  const std::string message = absl::StrCat(path.string(), " cannot be read: ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) {
    return absl::NotFoundError(absl::StrCat(message, "; name what exists, or put it there"));
  }
  return absl::FailedPreconditionError(absl::StrCat(message, "; make it readable for this user, or name another one"));
}

}  // namespace ofsweep
