#include "cli/worker_data_roots.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "monitoring/host_port.h"

namespace ofsweep {

namespace fs = std::filesystem;

void AddDataRoots(CLI::App* worker, std::vector<std::string>& data_roots) {
  worker
      ->add_option(
          "--data-root", data_roots,
          "trials read the files that their sweeps name beneath this folder alone; may be repeated, '' is none "
          "(default: the working folder where the coordinator is on this machine, else none)")
      ->type_name("DIR")
      ->allow_extra_args(false);
}

absl::StatusOr<std::vector<std::string>> WorkerDataRoots(const std::vector<std::string>& given,
                                                         const std::string& coordinator) {
  std::vector<std::string> roots;
  for (const std::string& folder : given) {
    if (folder.empty()) continue;
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--data-root: ", folder, " is no folder here; make it, or name another one"));
    }
    roots.push_back(fs::absolute(folder).lexically_normal().string());
  }
  const std::optional<HostPort> address = ParseHostPort(coordinator);
  const fs::path here = fs::current_path();
  const bool is_local = address && IsLoopback(address->host);
  if (given.empty() && is_local && here != here.root_path()) roots.push_back(here.string());
  return roots;
}

}  // namespace ofsweep
