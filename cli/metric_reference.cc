#include "cli/metric_reference.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "experiment/metric_table.h"

namespace ofsweep {
namespace {

std::vector<std::string> SitesOf(const Metric& metric) {
  std::vector<std::string> sites;
  for (const Site& site : kSites) {
    if (site.place == metric.place) sites.emplace_back(site.name);
  }
  return sites;
}

std::string BetterName(Better better) {
  return better == Better::kLower ? "lower" : better == Better::kHigher ? "higher" : "";
}

std::string FamilyName(const Metric& metric) {
  return metric.family.empty() ? "" : absl::StrCat("ofsweep_", std::string(metric.family));
}

std::string Text() {
  std::string text = "Metrics, by step. {bits} stands for a rounding (int8, w8a4).\n";
  for (const Metric& metric : Metrics()) {
    const std::string sites = absl::StrJoin(SitesOf(metric), ", ");
    absl::StrAppend(&text, "\n", std::string(metric.name),
                    metric.unit.empty() ? "" : absl::StrCat(" [", std::string(metric.unit), "]"),
                    sites.empty() ? "" : absl::StrCat(" at ", sites), metric.by_default ? " (by default)" : "",
                    "\n    ", std::string(metric.meaning), "\n");
  }
  return text;
}

std::string MarkdownRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) {
    cell = cell.empty() ? "–" : absl::StrReplaceAll(cell, {{"|", "\\|"}});
  }
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

std::string Code(const std::string& name) {
  return name.empty() ? "" : absl::StrCat("`", name, "`");
}

std::string Markdown() {
  std::string text =
      "# Metrics of a trial\n\nWritten by `ofsweep spec --metrics --format markdown` from "
      "experiment/metric_table.cc.\n\n"
      "X is the residual stream of a step's whole batch at a site: n tokens × d neurons, however the batch is cut into "
      "micro-batches.\n"
      "Definitions are those of He et al. (arXiv 2405.19279) and their code; [trainer.md](trainer.md#metrics) says how "
      "they "
      "are computed.\n"
      "What has sites is measured at every `measure.every`-th step if `measure.metrics` names it; * stands at those "
      "that it "
      "names by default.\n"
      "`{bits}` stands for a rounding: `int8`, `w8a4`.\n\n"
      "A table takes any of them (`ofsweep table --metrics`): `gradient_norm`, `kurtosis@block.3` (a layer, from 0), "
      "`rms@block.max` and\n"
      "`rms@block.mean` (over the layers), each at its last step or, with `:max` behind it, the largest of all "
      "steps.\n\n"
      "| metric | unit | sites | better | axis | Prometheus | meaning | memory while measuring |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const Metric& metric : Metrics()) {
    text += MarkdownRow({Code(std::string(metric.name)) + (metric.by_default ? " *" : ""), std::string(metric.unit),
                         absl::StrJoin(SitesOf(metric), ", "), BetterName(metric.better), metric.log_axis ? "log" : "",
                         Code(FamilyName(metric)), std::string(metric.meaning), std::string(metric.memory)});
  }
  text += "\n## Sites\n\n| site | layers | what is there |\n|---|---|---|\n";
  for (const Site& site : kSites) {
    text += MarkdownRow({Code(std::string(site.name)), site.has_layers ? "0, 1, …" : "", std::string(site.meaning)});
  }
  text +=
      "\n## What a trial came to\n\nThe numeric columns of the view `results`, which tables take by these names, and "
      "of tables and RPCs alone "
      "what rounding costs (`_delta`).\n\n"
      "| column | of | meaning |\n|---|---|---|\n";
  for (const ResultNumber& number : kResultNumbers) {
    text += MarkdownRow({Code(number.name), Code(std::string(number.metric)), std::string(number.meaning)});
  }
  return text;
}

std::string Json() {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
  };
  nlohmann::ordered_json metrics = nlohmann::ordered_json::array();
  for (const Metric& metric : Metrics()) {
    metrics.push_back({{"name", metric.name},
                       {"unit", metric.unit},
                       {"sites", SitesOf(metric)},
                       {"better", or_null(BetterName(metric.better))},
                       {"log_axis", metric.log_axis},
                       {"by_default", metric.by_default},
                       {"prometheus", or_null(FamilyName(metric))},
                       {"meaning", metric.meaning}});
  }
  return metrics.dump(2) + "\n";
}

}  // namespace

absl::StatusOr<std::string> RenderMetrics(ReferenceFormat format) {
  switch (format) {
    case ReferenceFormat::kText:
      return Text();
    case ReferenceFormat::kMarkdown:
      return Markdown();
    case ReferenceFormat::kJson:
      return Json();
    case ReferenceFormat::kYaml:
      break;
  }
  return absl::InvalidArgumentError("metrics are no part of a specification; give --format text, markdown or json");
}

}  // namespace ofsweep
