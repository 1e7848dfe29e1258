#include "trainer/inputs.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "trainer/log.h"

namespace ofsweep {
namespace {

constexpr double kMebibyte = 1 << 20;

absl::Status OtherData(const InputKeys& keys, const DataInput& input, const std::string& found,
                       const std::string& expected) {
  return absl::AbortedError(absl::StrCat(ToText(input), " here has the ", std::string(keys.fingerprint), " ", found,
                                         ", and the trial is of ", expected,
                                         ": put the same files there, or run it where they are"));
}

}  // namespace

absl::StatusOr<FoundInputs> FindInputs(std::span<const InputKeys> inputs, const Overrides& expected,
                                       const DataRoots& roots, const std::filesystem::path& cache,
                                       TrialConfig& config) {
  FingerprintCache digests(cache);
  FoundInputs all_found;
  for (const InputKeys& keys : inputs) {
    const std::optional<DataInput> input = InputOf(config, keys);
    if (!input) continue;
    LogPace pace;
    absl::StatusOr<InputContent> found =
        ContentOf(*input, roots, keys.path, digests, [&](std::uint64_t bytes, std::uint64_t all) {
          if (!pace.IsDue()) return;
          LogInfo(absl::StrFormat("preparing data: %.0f of %.0f MiB of %s read", static_cast<double>(bytes) / kMebibyte,
                                  static_cast<double>(all) / kMebibyte, ToText(*input)));
        });
    if (!found.ok()) return found.status();
    const std::string& fingerprint = found->fingerprint;
    if (const auto wanted = expected.find(keys.fingerprint);
        wanted != expected.end() && wanted->second != Value(fingerprint)) {
      return OtherData(keys, *input, fingerprint, ToText(wanted->second));
    }
    if (!config.IsAuto(keys.fingerprint) && config.Text(keys.fingerprint) != fingerprint) {
      return OtherData(keys, *input, fingerprint, config.Text(keys.fingerprint));
    }
    config.Set(keys.fingerprint, fingerprint);
    all_found.emplace(keys.path, *std::move(found));
  }
  return all_found;
}

absl::Status CheckOpened(std::span<const InputKeys> inputs, const DataRoots& roots, const std::filesystem::path& cache,
                         TrialConfig config) {
  std::vector<InputKeys> in_place;
  for (const InputKeys& keys : inputs) {
    const std::optional<DataInput> input = InputOf(config, keys);
    if (input && (input->source == "tokens" || input->source == "safetensors")) in_place.push_back(keys);
  }
  return FindInputs(in_place, {}, roots, cache, config).status();
}

TokenWatch::TokenWatch(const TrialConfig& config, DataRoots roots, std::filesystem::path cache)
    : roots_(std::move(roots)), cache_(std::move(cache)) {
  for (const InputKeys& keys : kInputKeys) {
    const std::optional<DataInput> input = InputOf(config, keys);
    if (!input || input->source != "tokens") continue;
    if (const absl::StatusOr<RegularFile> opened = roots_.Open(input->path); opened.ok()) {
      files_.push_back({keys, *input, config.Text(keys.fingerprint), opened->status()});
    }
  }
}

absl::Status TokenWatch::Check() const {
  for (const Watched& file : files_) {
    const absl::StatusOr<RegularFile> opened = roots_.Open(file.input.path);
    if (!opened.ok() || opened->status().st_ino != file.before.st_ino) continue;
    const struct stat& now = opened->status();
    const bool is_untouched = now.st_size == file.before.st_size && now.st_mtim.tv_sec == file.before.st_mtim.tv_sec &&
                              now.st_mtim.tv_nsec == file.before.st_mtim.tv_nsec;
    if (is_untouched) continue;
    FingerprintCache digests(cache_);
    const auto found = ContentOf(file.input, roots_, file.keys.path, digests, {});
    if (found.ok() && found->fingerprint == file.fingerprint) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        std::string(file.keys.path), ": ", file.input.path,
        " was written into while the trial trained on it, so that it is of no one content; leave files alone that are ",
        "trained on (write the new one beside it and rename it), and retry the trial"));
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
