#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ofsweep {

// A file on its way to the place of another: written beside it, hidden, under a name that nothing else has (DESIGN.md),
// and renamed when it is whole and on disk. So a kill at any moment leaves the one or the other. What is not renamed is
// removed with the object; what a kill has left, by the next one.
class FileDraft {
 public:
  // `advice` ends the messages, with what helps besides the obvious: ", or give another --to". `is_leftover` says of an
  // open file under the draft's name whether a kill may have left it; any other is somebody's. Errors:
  // FailedPrecondition when something else has the draft's name; Unavailable while another process writes it;
  // ResourceExhausted when it cannot be made.
  static absl::StatusOr<std::unique_ptr<FileDraft>> Begin(
      const std::string& target, const std::string& advice, bool (*is_leftover)(int fd) = [](int) { return true; });
  ~FileDraft();
  FileDraft(const FileDraft&) = delete;
  FileDraft& operator=(const FileDraft&) = delete;

  const std::string& target() const { return target_; }
  const std::string& path() const { return path_; }  // absolute
  const std::string& advice() const { return advice_; }

  // Errors: ResourceExhausted, here and below.
  absl::Status Append(std::string_view bytes);
  absl::Status Sync();
  // Syncs it and renames it over the target. Internal when it has the target's place, but the folder cannot be synced.
  absl::Status TakePlace();

  absl::Status CannotWrite(const std::string& why) const;

 private:
  FileDraft(std::string target, std::string advice);

  absl::Status RemoveLeftover(bool (*is_leftover)(int fd)) const;
  absl::Status RemoveOpened(int fd, bool (*is_leftover)(int fd)) const;
  absl::Status WhyNotOpened(int error) const;
  absl::Status IsSomebodys() const;
  absl::Status AnotherWrites() const;

  const std::string target_;
  const std::string advice_;
  const std::string path_;
  int fd_ = -1;  // the lock on it keeps two writers of one target apart
  bool is_mine_ = false;
};

}  // namespace ofsweep
