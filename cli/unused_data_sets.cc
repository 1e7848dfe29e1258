#include "cli/unused_data_sets.h"

#include <algorithm>
#include <system_error>

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

std::uint64_t BytesIn(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end; file.increment(error)) {
    std::error_code gone;
    const std::uint64_t size = file->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace

std::vector<UnusedDataSet> FindUnusedDataSets(const fs::path& datasets, fs::file_time_type used_before) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator entry(datasets, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    const bool is_folder = entry->is_directory(gone) && !entry->is_symlink(gone);
    const fs::file_time_type used = is_folder ? entry->last_write_time(gone) : fs::file_time_type::max();
    if (!gone && used < used_before) found.emplace_back(used, entry->path());
  }
  std::sort(found.begin(), found.end());
  std::vector<UnusedDataSet> unused;
  for (const auto& [used, folder] : found) unused.push_back({folder, BytesIn(folder)});
  return unused;
}

bool RemoveUnused(const UnusedDataSet& data_set, fs::file_time_type used_before) {
  // Out of a trainer's way first: then nobody opens it any more, and its time says whether somebody has.
  const fs::path aside = data_set.folder.string() + ".unused";
  std::error_code error;
  fs::remove_all(aside, error);
  fs::rename(data_set.folder, aside, error);
  if (error) return false;
  if (fs::last_write_time(aside, error) < used_before) {
    fs::remove_all(aside, error);
    return !error;
  }
  fs::rename(aside, data_set.folder, error);
  return false;
}

}  // namespace ofsweep
