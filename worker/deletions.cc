#include "worker/deletions.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "experiment/data_folder.h"
#include "worker/host.h"
#include "worker/trial_folder.h"

namespace ofsweep {
namespace {

void RemoveFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  // Told again for ever it would not go away either.
  if (error) spdlog::warn("{}: cannot be removed, though its trial was deleted: {}", path, error.message());
}

}  // namespace

FollowedDeletions::FollowedDeletions(std::string data_dir)
    : data_dir_(std::move(data_dir)), told_through_(LoadDeletionsFollowed(data_dir_)), through_(told_through_) {}

void FollowedDeletions::Take(const v1::SynchronizeResponse& told) {
  for (const v1::AttemptName& name : told.deleted()) {
    if (!IsTrialFolderName(name.trial_id())) continue;
    std::uint64_t& generation = left_[name.trial_id()];
    generation = std::max(generation, name.generation());
  }
  if (told.deleted_size() > 0) told_through_ = told.deletions_through();
}

void FollowedDeletions::RemoveUnused(const std::function<std::uint64_t(const std::string& trial_id)>& newest_held) {
  for (auto next = left_.begin(); next != left_.end();) {
    const auto& [trial_id, generation] = *next;
    const std::uint64_t held = newest_held(trial_id);
    const bool is_used = held != 0 && held <= generation;
    if (held == 0) RemoveFolder(TrialPath(data_dir_, trial_id));
    next = is_used ? std::next(next) : left_.erase(next);
  }
  if (!left_.empty() || through_ == told_through_) return;
  through_ = told_through_;
  // Where it is not stored, some are told again to the next agent, whose folders are gone.
  StoreDeletionsFollowed(data_dir_, through_).IgnoreError();
}

}  // namespace ofsweep
