#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/unused_data_sets.h"
#include "experiment/data_folder.h"

namespace ofsweep {

absl::Status CollectGarbage(const GarbageOptions& options, Streams streams) {
  namespace fs = std::filesystem;
  if (std::error_code error; !fs::is_directory(options.data_dir, error)) {
    return absl::NotFoundError(
        absl::StrCat("there is no folder ", options.data_dir, "; give that of a worker or a run with --data-dir"));
  }
  const auto age = std::chrono::duration_cast<fs::file_time_type::duration>(
      std::chrono::duration<double, std::ratio<86'400>>(options.unused_days));
  const fs::file_time_type used_before = fs::file_time_type::clock::now() - age;
  std::uint64_t freed = 0;
  std::size_t removed = 0;
  for (const UnusedDataSet& data_set : FindUnusedDataSets(DatasetsFolder(options.data_dir), used_before)) {
    if (!options.dry_run && !RemoveUnused(data_set, used_before)) continue;
    streams.out << data_set.folder.string() << absl::StrFormat("  %.1f MiB\n", data_set.bytes / 1048576.0);
    freed += data_set.bytes;
    ++removed;
  }
  streams.out << removed << (removed == 1 ? " data set" : " data sets")
              << absl::StrFormat(" of %.1f MiB", freed / 1048576.0)
              << (options.dry_run ? " would be removed\n" : " removed\n");
  return absl::OkStatus();
}

}  // namespace ofsweep
