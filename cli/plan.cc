#include "cli/plan.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/token_input.h"
#include "experiment/memory_advice.h"
#include "experiment/model_size.h"
#include "experiment/stored_points.h"
#include "host/cores.h"
#include "host/memory.h"

namespace ofsweep {
namespace {

constexpr double kSmallGpuBytes = 24 * kBinaryGigabyte;

// Equal for trials whose steps cost the same.
std::string CostIdentity(const TrialConfig& config, std::string_view section = "") {
  std::string identity;
  for (const TrialKey& key : TrialKeys()) {
    if (key.identity == Identity::kShorthand || key.costs_nothing || config.IsInert(key)) continue;
    if (key.name.starts_with(section)) absl::StrAppend(&identity, ToText(config.Get(key.name)), " ");
  }
  return identity;
}

// The vocabulary that the file beside prepared tokens states.
std::optional<std::int64_t> VocabularyBeside(const std::string& tokens) {
  std::ifstream file(std::filesystem::path(tokens).replace_extension(".json"));
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || !json.contains("vocabulary") || !json["vocabulary"].is_number_unsigned()) return {};
  return json["vocabulary"].get<std::int64_t>();
}

class Planner {
 public:
  Planner(const SweepSpec& spec, const std::string& file, const PlanFor& planned, std::vector<Problem>& problems)
      : file_(file), planned_(planned), problems_(problems) {
    plan_.sweep = spec.name;
    plan_.keep = spec.attributes.keep_checkpoints;
    plan_.combinations = CountCombinations(spec);
    for (const Axis& axis : spec.axes) {
      for (const Overrides& point : axis.points) {
        for (const auto& [key, value] : point) varying_.insert(key);
      }
    }
  }

  void Add(TrialConfig config) {
    CheckTokenFiles(config, file_, problems_);
    if (!problems_.empty() || !Resolve(config)) return;
    plan_.points += StoredPoints(config);
    const std::string identity = absl::StrCat(CostIdentity(config), config.Integer("train.steps"));
    const auto [known, is_new] = row_of_.emplace(identity, plan_.rows.size());
    if (is_new) {
      shapes_.insert(CostIdentity(config, "model."));
      plan_.rows.push_back(RowOf(std::move(config)));
    }
    ++plan_.rows[known->second].trials;
    ++plan_.trials;
  }

  Plan Finish() {
    for (const TrialKey& key : TrialKeys()) {
      if (!varying_.contains(key.name) || (key.costs_nothing && key.name != "train.steps")) continue;
      const auto differs = [&](const PlanRow& row) {
        return row.config.Get(key.name) != plan_.rows[0].config.Get(key.name);
      };
      if (!std::any_of(plan_.rows.begin(), plan_.rows.end(), differs)) continue;
      plan_.columns.emplace_back(key.name);
      for (PlanRow& row : plan_.rows) {
        row.values.push_back(row.config.IsInert(key) ? "–" : ToText(row.config.Get(key.name)));
      }
    }
    plan_.shapes = shapes_.size();
    plan_.slots = plan_.rows[0].share.slots;
    return std::move(plan_);
  }

 private:
  // False, with a problem, where the vocabulary is not to be known.
  bool Resolve(TrialConfig& config) {
    if (!planned_.device.empty()) config.Set("train.device", planned_.device);
    if (config.IsAuto("train.device")) {
      config.Set("train.device", std::string(std::filesystem::exists("/dev/nvidiactl") ? "cuda" : "cpu"));
    }
    if (config.IsAuto("train.precision")) {
      config.Set("train.precision", std::string(config.Text("train.device") == "cpu" ? "fp32" : "bf16"));
    }
    if (!config.IsAuto("model.vocabulary")) return true;
    const std::string& tokens = config.Text("data.path");
    if (const auto vocabulary = VocabularyBeside(tokens)) {
      config.Set("model.vocabulary", *vocabulary);
      return true;
    }
    if (problems_.empty() && !std::filesystem::exists(tokens)) {
      problems_.push_back({file_, 0, "data.path",
                           absl::StrCat("there is no file ", tokens,
                                        ", whose vocabulary counts where model.vocabulary "
                                        "is auto"),
                           "mend the path; or, where only the workers have it, give model.vocabulary"});
    } else if (problems_.empty()) {
      problems_.push_back({file_, 0, "model.vocabulary",
                           absl::StrCat("auto is the tokens', and no file beside ", tokens, " states it"),
                           "give the number"});
    }
    return false;
  }

  MemoryShare ShareOf(const TrialConfig& config) const {
    const bool cpu = config.Text("train.device") == "cpu";
    MemoryShare share{planned_.memory_bytes, planned_.slots};
    if (share.together <= 0) share.together = cpu ? FreeMemoryBytes() : kSmallGpuBytes;
    if (share.slots <= 0) share.slots = cpu ? UsableCores() : 1;
    return share;
  }

  PlanRow RowOf(TrialConfig config) const {
    PlanRow row;
    row.parameters = ParameterCount(config);
    row.tokens = TrainingTokens(config);
    row.flops = FlopsPerToken(config) * static_cast<double>(row.tokens);
    row.share = ShareOf(config);
    row.micro_batch_size = config.IsAuto("train.micro_batch_size") ? FittingMicroBatch(config, row.share.Bytes())
                                                                   : config.Integer("train.micro_batch_size");
    row.memory = EstimateMemory(config, row.micro_batch_size);
    row.fits = row.memory.peak <= row.share.Bytes();
    row.room_for = RoomFor(config, row.micro_batch_size, row.share.together);
    row.config = std::move(config);
    return row;
  }

  const std::string& file_;
  const PlanFor& planned_;
  std::vector<Problem>& problems_;
  std::set<std::string, std::less<>> varying_;
  std::map<std::string, std::size_t> row_of_;
  std::set<std::string> shapes_;
  Plan plan_;
};

}  // namespace

Plan MakePlan(const SweepSpec& spec, const std::string& file, const PlanFor& planned, std::vector<Problem>& problems) {
  Planner planner(spec, file, planned, problems);
  ExpandSweep(spec, file, problems, [&](PlannedTrial trial) {
    // A contradiction (heads that do not divide the width) must not reach the arithmetic.
    if (problems.empty()) planner.Add(std::move(trial.config));
  });
  return problems.empty() ? planner.Finish() : Plan();
}

}  // namespace ofsweep
