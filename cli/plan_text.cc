#include "cli/plan_text.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"
#include "cli/sweep_text.h"
#include "experiment/memory_advice.h"
#include "experiment/stored_points.h"

namespace ofsweep {
namespace {

// Memory of GPUs as they are sold, in gigabytes of 2³⁰ bytes.
constexpr int kGpuSizes[] = {24, 48, 80, 141, 192};

using Row = std::vector<std::string>;

// 1.23 M, 6 B, 4.5e+20.
std::string Count(double number) {
  for (const auto& [size, unit] : {std::pair{1e9, " B"}, std::pair{1e6, " M"}, std::pair{1e3, " k"}}) {
    if (number >= size && number < 1e15) return absl::StrCat(absl::StrFormat("%.4g", number / size), unit);
  }
  return absl::StrFormat("%.3g", number);
}

std::string Grouped(std::int64_t number) {
  std::string digits = absl::StrCat(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(digits.begin() + at, ',');
  return digits;
}

// 512 kB, 26.1 MB, 1.2 TB: 10³, 10⁶, … bytes.
std::string Bytes(double bytes) {
  for (const auto& [size, unit] : {std::pair{1e12, " TB"}, std::pair{1e9, " GB"}, std::pair{1e6, " MB"}}) {
    if (bytes >= size) return absl::StrCat(FormatNumber(bytes / size, 3), unit);
  }
  return absl::StrCat(FormatNumber(bytes / 1e3, 3), " kB");
}

double Seconds(const PlanRow& row) {
  return row.timing->step_seconds * static_cast<double>(row.config.Integer("train.steps"));
}

struct Sums {
  double tokens = 0;
  double flops = 0;
  std::optional<double> seconds = 0;
};

Sums SumsOf(const Plan& plan) {
  Sums sums;
  double longest = 0;
  for (const PlanRow& row : plan.rows) {
    const auto trials = static_cast<double>(row.trials);
    sums.tokens += trials * static_cast<double>(row.tokens);
    sums.flops += trials * row.flops;
    if (!row.timing) sums.seconds = std::nullopt;
    if (!sums.seconds) continue;
    *sums.seconds += trials * Seconds(row) / plan.slots;
    longest = std::max(longest, Seconds(row));
  }
  if (sums.seconds) sums.seconds = std::max(*sums.seconds, longest);
  return sums;
}

Row Header(const Plan& plan, Row more) {
  Row header = plan.columns;
  header.insert(header.end(), more.begin(), more.end());
  return header;
}

std::string CostTable(const Plan& plan) {
  std::vector<Row> rows = {Header(plan, {"trials", "parameters", "tokens", "FLOP", "a step", "a trial"})};
  for (const PlanRow& row : plan.rows) {
    rows.push_back(row.values);
    const Row cells = {absl::StrCat(row.trials),
                       Grouped(row.parameters),
                       Count(static_cast<double>(row.tokens)),
                       absl::StrFormat("%.2e", row.flops),
                       row.timing ? FormatNumber(row.timing->step_seconds, 3) + " s" : "–",
                       row.timing ? FormatDuration(Seconds(row)) : "–"};
    rows.back().insert(rows.back().end(), cells.begin(), cells.end());
  }
  return AlignColumns(rows);
}

std::string MemoryTable(const Plan& plan) {
  std::vector<MemoryPart> parts;  // that any row has
  Row headings = {"micro-batch"};
  for (const MemoryPart& part : kMemoryParts) {
    const auto has = [&part](const PlanRow& row) { return row.memory.*part.bytes > 0; };
    if (std::none_of(plan.rows.begin(), plan.rows.end(), has)) continue;
    parts.push_back(part);
    headings.emplace_back(part.heading);
  }
  headings.insert(headings.end(), {"room for", "peak"});
  std::vector<Row> rows = {Header(plan, headings)};
  for (const PlanRow& row : plan.rows) {
    rows.push_back(row.values);
    const MemoryEstimate& memory = row.memory;
    rows.back().push_back(absl::StrCat(row.micro_batch_size));
    for (const MemoryPart& part : parts) {
      const double bytes = memory.*part.bytes;
      rows.back().push_back(bytes == 0 ? "–" : Gigabytes(bytes));
    }
    rows.back().push_back(absl::StrCat(row.room_for));
    rows.back().push_back(absl::StrCat(Gigabytes(memory.peak), " ", std::string(memory.peak_when)));
  }
  return AlignColumns(rows);
}

// "model.block op, optimizer.name soap"; "every trial" where nothing tells the rows apart.
std::string RowName(const Plan& plan, const PlanRow& row) {
  if (plan.columns.empty()) return "every trial";
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    parts.push_back(absl::StrCat(plan.columns[i], " ", row.values[i]));
  }
  return absl::StrJoin(parts, ", ");
}

// "a GPU" of that size, as its memory is written on the box; a CPU is a machine.
std::string DeviceName(const PlanRow& row) {
  const bool cpu = row.config.Text("train.device") == "cpu";
  if (cpu) return absl::StrCat("A machine with ", Gigabytes(row.share.together), " free");
  return absl::StrFormat("A GPU of %.0f GB", row.share.together / kBinaryGigabyte);
}

std::string LargestPart(const PlanRow& row) {
  std::vector<std::string> alone;
  for (const MemoryPart& part : kMemoryParts) {
    const double bytes = row.memory.*part.bytes;
    if (bytes > row.share.together) alone.push_back(absl::StrCat(std::string(part.name), " (", Gigabytes(bytes), ")"));
  }
  if (alone.empty()) return "No part alone is more than it has, together they are.";
  return absl::StrCat("Alone more than it has: ", absl::StrJoin(alone, ", "), ".");
}

std::string BytesAParameter(const PlanRow& row) {
  const auto count = static_cast<double>(row.parameters);
  return absl::StrFormat(
      "Each of the %s parameters takes %.3g bytes as a weight, %.3g as a gradient and %.3g in the "
      "optimizer.",
      Count(count), row.memory.weights / count, row.memory.gradients / count, row.memory.optimizer / count);
}

std::string SmallestGpu(const PlanRow& row) {
  for (const int size : kGpuSizes) {
    if (const auto rows = LargestMicroBatch(row.config, kPlannedPartOfAGpu * size * kBinaryGigabyte)) {
      return absl::StrCat("A GPU of ", size, " GB can, with train.micro_batch_size ", *rows, " (",
                          Gigabytes(EstimateMemory(row.config, *rows).peak), ").");
    }
  }
  return absl::StrCat("No single GPU can: the largest here considered has ", std::end(kGpuSizes)[-1], " GB.");
}

nlohmann::ordered_json JsonOf(const Plan& plan, const PlanRow& row) {
  nlohmann::ordered_json varies = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < plan.columns.size(); ++i) varies[plan.columns[i]] = row.values[i];
  nlohmann::ordered_json memory = nlohmann::ordered_json::object();
  for (const MemoryPart& part : kMemoryParts) memory[std::string(part.key)] = row.memory.*part.bytes;
  memory["peak"] = row.memory.peak;
  memory["peak_when"] = row.memory.peak_when;
  nlohmann::ordered_json json = {
      {"varies", varies},
      {"trials", row.trials},
      {"parameters", row.parameters},
      {"checkpoint_bytes", row.CheckpointBytes()},
      {"tokens", row.tokens},
      {"flops", row.flops},
      {"device", row.config.Text("train.device")},
      {"device_bytes", row.share.together},
      {"slots", row.share.slots},
      {"share_bytes", row.share.Bytes()},
      {"room_for", row.room_for},
      {"precision", row.config.Text("train.precision")},
      {"micro_batch_size", row.micro_batch_size},
      {"fits", row.fits},
      {"memory", memory},
      {"step_seconds", nullptr},
      {"seconds", nullptr},
      {"explanation", row.fits ? nlohmann::ordered_json() : nlohmann::ordered_json(WhyItDoesNotFit(row))}};
  if (row.timing) {
    json["step_seconds"] = row.timing->step_seconds;
    json["seconds"] = Seconds(row);
    json["timing"] = nlohmann::json::parse(ToJsonLine(*row.timing));
  }
  if (!row.unmeasured.empty()) json["unmeasured"] = row.unmeasured;
  return json;
}

double DatabaseBytes(const Plan& plan) {
  return kStoredPointBytes * static_cast<double>(plan.points) + kStoredTrialBytes * static_cast<double>(plan.trials);
}

// That all trials keep when they have ended, wherever their workers are; nothing where that depends on how long they
// take.
std::optional<double> CheckpointBytes(const Plan& plan) {
  if (plan.keep == KeepCheckpoints::kAll) return std::nullopt;
  if (plan.keep == KeepCheckpoints::kNone) return 0;
  double bytes = 0;
  for (const PlanRow& row : plan.rows) bytes += row.CheckpointBytes() * static_cast<double>(row.trials);
  return bytes;
}

std::string KeptCheckpointsText(const Plan& plan) {
  switch (plan.keep) {
    case KeepCheckpoints::kNone:
      return "two while it trains, none afterwards";
    case KeepCheckpoints::kLast:
      return absl::StrCat("two while it trains, then one, ", Bytes(*CheckpointBytes(plan)), " on the workers together");
    case KeepCheckpoints::kAll:
      return "all that it writes";
  }
  return "";
}

std::string CheckpointsText(const Plan& plan) {
  const auto [least, most] =
      std::minmax_element(plan.rows.begin(), plan.rows.end(),
                          [](const PlanRow& a, const PlanRow& b) { return a.CheckpointBytes() < b.CheckpointBytes(); });
  if (most->CheckpointBytes() == 0) return "no checkpoints (train.checkpoint_every: 0)";
  const std::string smallest = Bytes(least->CheckpointBytes());
  const std::string largest = Bytes(most->CheckpointBytes());
  return absl::StrCat("checkpoints of ", smallest, smallest == largest ? "" : " to " + largest,
                      ", of which a trial keeps ", KeptCheckpointsText(plan));
}

std::string DiskText(const Plan& plan) {
  return absl::StrCat("On disk: ", Count(static_cast<double>(plan.points)), " points, ", Bytes(DatabaseBytes(plan)),
                      " in the coordinator's database; ", CheckpointsText(plan), ".\n");
}

std::string SumsText(const Plan& plan) {
  const Sums sums = SumsOf(plan);
  std::string text = absl::StrCat("In all ", Count(sums.tokens), " tokens and ", absl::StrFormat("%.2e", sums.flops),
                                  " FLOP (6·N + 12·L·d·T a token, N all parameters)");
  if (sums.seconds) {
    absl::StrAppend(&text, "; training takes ", FormatDuration(*sums.seconds), " on this machine, ", plan.slots,
                    plan.slots == 1 ? " trial" : " trials",
                    " at once, by a few steps on random tokens, without data preparation and evaluation");
  }
  return absl::StrCat(text, ".\n");
}

}  // namespace

std::string WhyItDoesNotFit(const PlanRow& row) {
  if (row.room_for > 0) return WhyItsShareIsTooSmall(row.config, row.micro_batch_size, row.share) + ".";
  return absl::StrCat(DeviceName(row), " cannot train it: the trial needs ", MemoryByPart(row.memory), " with ",
                      row.micro_batch_size, row.micro_batch_size == 1 ? " sequence at once. " : " sequences at once. ",
                      LargestPart(row), " ", BytesAParameter(row), " ", SmallestGpu(row),
                      " To make it fit: ", HowToNeedLess(row.config, row.share.Bytes()), ".");
}

std::string PlanText(const Plan& plan) {
  const PlanRow& first = plan.rows[0];
  std::string text =
      absl::StrCat(plan.sweep, ": ", DescribeSize(plan.trials, plan.combinations), " of ", plan.shapes,
                   plan.shapes == 1 ? " model shape" : " model shapes", "\n\n", CostTable(plan), "\n", SumsText(plan),
                   DiskText(plan), "\nTensors of a trial on ", first.config.Text("train.device"), " in ",
                   first.config.Text("train.precision"), ", in bytes:\n\n", MemoryTable(plan));
  for (const PlanRow& row : plan.rows) {
    if (!row.unmeasured.empty())
      absl::StrAppend(&text, "\nNot timed, ", RowName(plan, row), ": ", row.unmeasured, "\n");
  }
  for (const PlanRow& row : plan.rows) {
    if (!row.fits) absl::StrAppend(&text, "\nDoes not fit, ", RowName(plan, row), ": ", WhyItDoesNotFit(row), "\n");
  }
  return text;
}

std::string PlanJson(const Plan& plan) {
  const Sums sums = SumsOf(plan);
  nlohmann::ordered_json json = {{"sweep", plan.sweep},
                                 {"combinations", plan.combinations},
                                 {"trials", plan.trials},
                                 {"shapes", plan.shapes},
                                 {"slots", plan.slots},
                                 {"tokens", sums.tokens},
                                 {"flops", sums.flops},
                                 {"points", plan.points},
                                 {"database_bytes", DatabaseBytes(plan)},
                                 {"checkpoint_bytes", nullptr},
                                 {"seconds", nullptr},
                                 {"rows", nlohmann::ordered_json::array()}};
  if (sums.seconds) json["seconds"] = *sums.seconds;
  if (const auto kept = CheckpointBytes(plan)) json["checkpoint_bytes"] = *kept;
  for (const PlanRow& row : plan.rows) json["rows"].push_back(JsonOf(plan, row));
  return json.dump(2) + "\n";
}

}  // namespace ofsweep
