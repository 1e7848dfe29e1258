#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/format.h"

namespace ofsweep {
namespace {

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kMissing:
      return "missing";
  }
  return "";
}

std::string ToTable(const std::vector<Check>& checks) {
  std::vector<std::vector<std::string>> rows = {{"CHECK", "STATE", "FOUND", "HOW TO MEND IT"}};
  for (const Check& check : checks) rows.push_back({check.what, Name(check.verdict), check.found, check.fix});
  return AlignColumns(rows);
}

std::string ToJsonText(const std::vector<Check>& checks) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Check& check : checks) {
    list.push_back({{"check", check.what}, {"state", Name(check.verdict)}, {"found", check.found}, {"fix", check.fix}});
  }
  return list.dump(2) + "\n";
}

}  // namespace

absl::Status Doctor(const DoctorOptions& asked, Streams streams) {
  DoctorOptions options = asked;
  if (!options.coordinator) {
    const auto given = CoordinatorOfEnvironment();
    if (!given.ok()) return given.status();
    options.coordinator = *given;
  }
  if (options.install_trainer) {
    if (absl::Status installed = InstallTrainer(); !installed.ok()) return installed;
  }
  const std::vector<Check> checks = Examine(options);
  streams.out << (options.json ? ToJsonText(checks) : ToTable(checks));
  const auto missing = std::count_if(checks.begin(), checks.end(),
                                     [](const Check& check) { return check.verdict == Verdict::kMissing; });
  if (missing == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("this machine lacks what ofsweep needs: ", missing, missing == 1 ? " check" : " checks"));
}

}  // namespace ofsweep
