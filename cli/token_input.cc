#include "cli/token_input.h"

#include <cstdint>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

// None where it cannot be seen.
std::optional<std::uint64_t> SizeOf(const std::string& path) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  return error ? std::nullopt : std::optional(size);
}

// `width`: bytes of a token, `type` its name.
std::string WhyNotWhole(std::uint64_t bytes, std::uint64_t width, const std::string& type) {
  if (bytes == 0) return "is empty";
  return bytes % width == 0 ? "" : absl::StrCat("its ", bytes, " bytes are no whole number of ", type, " tokens");
}

constexpr const char* kWriteAgain = "write it again, or name another file";

}  // namespace

void CheckTokenFiles(const SweepSpec& spec, const std::string& file, std::vector<Problem>& problems) {
  for (const DataInput& input : InputsOf(spec)) {
    const auto bytes = input.source == "tokens" ? SizeOf(input.path) : std::nullopt;
    if (!bytes) continue;
    const std::string why = WhyNotWhole(*bytes, 2, "uint16");  // uint32 tokens are an even number of bytes too
    if (!why.empty()) problems.push_back({file, 0, "", absl::StrCat(input.path, ": ", why), kWriteAgain});
  }
}

void CheckTokenFiles(const TrialConfig& config, const std::string& file, std::vector<Problem>& problems) {
  if (config.Text("data.source") != "tokens") return;
  const bool is_wide = config.Text("data.token_type") == "uint32";
  const std::uint64_t width = is_wide ? 4 : 2;  // at least, where it is auto
  const std::int64_t window = config.Integer("model.context") + 1;
  for (const InputKeys& keys : kDataKeys) {
    const std::string& path = config.Text(keys.path);
    const auto bytes = path.empty() ? std::nullopt : SizeOf(path);
    if (!bytes) continue;
    std::string why = WhyNotWhole(*bytes, width, is_wide ? "uint32" : "uint16");
    if (why.empty() && *bytes / width < static_cast<std::uint64_t>(window)) {
      why = absl::StrCat("its ", *bytes / width, " tokens are less than one window of model.context + 1 = ", window);
    }
    if (why.empty()) continue;
    problems.push_back({file, 0, std::string(keys.path), absl::StrCat(path, ": ", why), kWriteAgain});
  }
}

}  // namespace ofsweep
