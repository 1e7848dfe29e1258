#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/format.h"
#include "cli/sweep_text.h"
#include "cli/trial_text.h"

namespace ofsweep {
namespace {

constexpr const char* kRed = "31";
constexpr const char* kGreen = "32";
constexpr const char* kYellow = "33";
constexpr const char* kDim = "2";

constexpr std::size_t kMaxBar = 20;
constexpr std::size_t kMinBar = 6;
// Of the cells of a running trial, speed and then loss: a narrow terminal can do without them.
constexpr std::array<std::size_t, 2> kSpareCells = {3, 1};
// Labels of fewer characters may tell no trials apart: numbers are left out before.
constexpr std::size_t kEnoughForLabel = 16;
constexpr std::size_t kSparkline = KurtosisHistory::kMost;
// More trials than this that were finished before the watch began are summed up.
constexpr std::uint32_t kMaxEarlier = 20;

std::string Paint(const std::string& text, const char* colour, const DisplayStyle& style) {
  return style.colour ? absl::StrCat("\x1b[", colour, "m", text, "\x1b[0m") : text;
}

const char* OutcomeColour(const std::string& state) {
  if (state == "completed") return kGreen;
  return state == "failed" ? kRed : kYellow;
}

double Fraction(const v1::Sweep& sweep) {
  return sweep.steps_total() == 0 ? 0 : sweep.steps_done() / sweep.steps_total();
}

// Rounded down: 100 is said of a sweep that has ended alone, for a trial may do more after its last step.
int Percent(const v1::Sweep& sweep) {
  const int percent = static_cast<int>(100 * Fraction(sweep));
  return CountEnded(sweep.trials()) < CountAll(sweep.trials()) ? std::min(percent, 99) : percent;
}

std::string HeadLine(const v1::Sweep& sweep, double elapsed, const DisplayStyle& style) {
  const v1::TrialCounts& counts = sweep.trials();
  const bool is_stopped = sweep.state() == "paused" || sweep.state() == "cancelled";
  std::vector<std::string> parts = {absl::StrCat(sweep.name(), is_stopped ? " " + sweep.state() : "", "  ",
                                                 CountEnded(counts), "/", CountAll(counts), " trials ended"),
                                    absl::StrCat(Percent(sweep), " %")};
  if (counts.running() > 0) parts.push_back(absl::StrCat(counts.running(), " running"));
  if (counts.failed() > 0) parts.push_back(absl::StrCat(counts.failed(), " failed"));
  if (counts.diverged() > 0) parts.push_back(absl::StrCat(counts.diverged(), " diverged"));
  parts.push_back(absl::StrCat("watched ", FormatDuration(elapsed)));
  if (sweep.has_eta_seconds()) parts.push_back(absl::StrCat("ETA ", FormatDuration(sweep.eta_seconds())));
  return Clip(absl::StrJoin(parts, " · "), style.width);
}

std::string Bar(double fraction, std::size_t width, const DisplayStyle& style) {
  const auto filled =
      static_cast<std::size_t>(std::lround(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width)));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += style.unicode ? (i < filled ? "█" : "░") : (i < filled ? "#" : ".");
  return bar;
}

// Step, loss, kurtosis and speed, one cell each.
std::vector<std::string> LiveCells(const v1::TrialProgress& trial) {
  const auto value = [](const char* name, bool present, double number) {
    return present ? absl::StrCat(name, " ", FormatNumber(number)) : std::string();
  };
  return {absl::StrCat(trial.step(), "/", trial.target_steps()),
          value("train loss", trial.has_train_loss(), trial.train_loss()),
          value("kurtosis", trial.has_kurtosis_max(), trial.kurtosis_max()),
          trial.has_steps_per_second() ? absl::StrCat(FormatNumber(trial.steps_per_second(), 3), " steps/s") : ""};
}

// The last `most` values from the smallest to the largest of them, as blocks of eight heights; "" of fewer than two.
std::string Sparkline(std::span<const double> values, std::size_t most) {
  static constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.size() < 2) return "";
  if (values.size() > most) values = values.last(most);
  const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
  const double range = *largest - *smallest;
  std::string line;
  for (const double value : values) {
    line += kBlocks[range > 0 ? static_cast<std::size_t>(std::lround(7 * (value - *smallest) / range)) : 0];
  }
  return line;
}

std::optional<double> Result(const v1::Trial& trial, const std::string& column) {
  const auto found = trial.results().find(column);
  return found == trial.results().end() ? std::nullopt : std::optional(found->second);
}

// "block" of "model.block=op".
std::string LastPart(const std::string& assignment) {
  const std::string key = assignment.substr(0, assignment.find('='));
  return key.substr(key.rfind('.') + 1);
}

// Values alone, or each with the last part of its key where that tells it from the others: not "every=1 every=5".
std::string ShortKeys(const std::string& label, bool values_only) {
  const std::vector<std::string> assignments = absl::StrSplit(label, ' ', absl::SkipEmpty());
  std::vector<std::string> parts;
  for (const std::string& part : assignments) {
    const std::size_t equals = part.find('=');
    const auto same = std::count_if(assignments.begin(), assignments.end(),
                                    [&](const std::string& other) { return LastPart(other) == LastPart(part); });
    if (equals == std::string::npos || (!values_only && same > 1)) {
      parts.push_back(part);
    } else {
      parts.push_back(values_only ? part.substr(equals + 1) : LastPart(part) + part.substr(equals));
    }
  }
  return absl::StrJoin(parts, " ");
}

// Of the labels at their shortest, where they are not cut.
std::size_t WidthOfValues(const std::vector<std::string>& labels) {
  std::size_t width = 0;
  for (const std::string& label : labels) width = std::max(width, DisplayWidth(ShortKeys(label, true)));
  return width;
}

// Each label with the assignments that all of them share at its end, where a narrow terminal cuts it.
std::vector<std::string> DifferencesFirst(const std::vector<std::string>& labels) {
  std::map<std::string, std::size_t> uses;
  for (const std::string& label : labels) {
    for (const std::string& part : std::vector<std::string>(absl::StrSplit(label, ' ', absl::SkipEmpty())))
      ++uses[part];
  }
  std::vector<std::string> ordered;
  for (const std::string& label : labels) {
    std::vector<std::string> parts = absl::StrSplit(label, ' ', absl::SkipEmpty());
    std::stable_partition(parts.begin(), parts.end(),
                          [&](const std::string& part) { return uses[part] < labels.size(); });
    ordered.push_back(absl::StrJoin(parts, " "));
  }
  return ordered;
}

std::vector<std::string> RunningLines(const v1::WatchSweepResponse& message, std::size_t most,
                                      const KurtosisHistory& kurtosis, const DisplayStyle& style) {
  std::vector<std::string> labels;
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths(4);
  const std::size_t count = std::min<std::size_t>(message.running_size(), most);
  for (std::size_t i = 0; i < count; ++i) {
    labels.push_back(NameOf(message.running(static_cast<int>(i))));
    cells.push_back(LiveCells(message.running(static_cast<int>(i))));
    for (std::size_t c = 0; c < widths.size(); ++c) widths[c] = std::max(widths[c], DisplayWidth(cells[i][c]));
  }
  std::size_t needed = 2;  // the indent
  for (std::size_t width : widths) needed += width == 0 ? 0 : width + 2;
  const std::size_t for_label = std::min(WidthOfValues(labels), kEnoughForLabel);
  for (const std::size_t spare : kSpareCells) {
    if (style.width >= needed + for_label || widths[spare] == 0) continue;
    needed -= widths[spare] + 2;
    widths[spare] = 0;
  }
  const std::size_t free = style.width > needed ? style.width - needed : 0;
  const std::size_t beside_bar = free > kMinBar + 2 ? free - kMinBar - 2 : 0;
  labels = FitLabels(labels, std::max(beside_bar, std::min(for_label, free)));
  std::size_t label_width = 0;
  for (const auto& label : labels) label_width = std::max(label_width, DisplayWidth(label));
  const std::size_t rest = free > label_width + 2 ? free - label_width - 2 : 0;
  const bool has_history = std::any_of(message.running().begin(), message.running().end(),
                                       [&](const auto& trial) { return kurtosis.Of(trial.trial_id()).size() > 1; });
  // Where there is room for one of them, the newest values say more than a bar: how far it is stands beside it.
  const bool has_room = style.bars && rest >= kMinBar;
  const std::size_t spark = has_room && style.unicode && has_history ? std::min(rest, kSparkline) : 0;
  const std::size_t for_bar = spark == 0 ? rest : rest - std::min(rest, spark + 2);
  const std::size_t bar = has_room && for_bar >= kMinBar ? std::min(for_bar, kMaxBar) : 0;

  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) {
    const v1::TrialProgress& trial = message.running(static_cast<int>(i));
    if (!trial.doing().empty()) {
      const std::string label = PadRight(labels[i], label_width);
      lines.push_back(Clip(absl::StrCat("  ", label, "  ", trial.doing()), style.width));
      continue;
    }
    const double done = trial.target_steps() == 0 ? 0 : static_cast<double>(trial.step()) / trial.target_steps();
    std::string line = absl::StrCat("  ", PadRight(labels[i], label_width));
    std::string tail;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (widths[c] > 0) absl::StrAppend(&tail, "  ", PadRight(cells[i][c], widths[c]));
    }
    if (bar > 0) absl::StrAppend(&line, "  ", Paint(Bar(done, bar, style), kGreen, style));
    const std::size_t used = 2 + label_width + (bar > 0 ? bar + 2 : 0);
    absl::StrAppend(&line, Clip(tail, style.width > used ? style.width - used : 0));
    if (spark > 0) absl::StrAppend(&line, "  ", Sparkline(kurtosis.Of(trial.trial_id()), spark));
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

void KurtosisHistory::Note(const v1::TrialProgress& trial) {
  if (!trial.has_kurtosis_max() || !std::isfinite(trial.kurtosis_max())) return;
  Curve& curve = curves_[trial.trial_id()];
  if (trial.step() < curve.step) curve.values.clear();  // it began anew, or from an earlier checkpoint
  const bool is_new = curve.values.empty() || curve.values.back() != trial.kurtosis_max();
  curve.step = trial.step();
  if (!is_new) return;
  if (curve.values.size() == kMost) curve.values.erase(curve.values.begin());
  curve.values.push_back(trial.kurtosis_max());
}

std::vector<double> KurtosisHistory::Of(const std::string& trial_id) const {
  const auto found = curves_.find(trial_id);
  return found == curves_.end() ? std::vector<double>() : found->second.values;
}

std::vector<std::string> FitLabels(const std::vector<std::string>& labels, std::size_t width) {
  const auto fits = [width](const std::vector<std::string>& candidates) {
    return std::all_of(candidates.begin(), candidates.end(),
                       [width](const auto& l) { return DisplayWidth(l) <= width; });
  };
  if (fits(labels)) return labels;
  const std::vector<std::string> ordered = DifferencesFirst(labels);
  for (bool values_only : {false, true}) {
    std::vector<std::string> shorter;
    for (const std::string& label : ordered) shorter.push_back(ShortKeys(label, values_only));
    if (fits(shorter)) return shorter;
    if (!values_only) continue;
    for (std::string& label : shorter) label = Clip(label, width);
    return shorter;
  }
  return labels;
}

std::string FinishedLine(const v1::Trial& trial, const DisplayStyle& style) {
  std::vector<std::string> parts;
  if (trial.state() == "failed") {
    parts.push_back(absl::StrCat(trial.failure_class(), ": ", Headline(trial.failure_message())));
  } else {
    // A trial that ended early may have no validation loss, or only one that is older than its training loss.
    const bool is_evaluated = trial.state() == "completed" && Result(trial, "eval_loss");
    if (const auto loss = Result(trial, is_evaluated ? "eval_loss" : "train_loss"))
      parts.push_back(absl::StrCat(is_evaluated ? "eval loss " : "train loss ", FormatNumber(*loss)));
    if (const auto kurtosis = Result(trial, "kurtosis_max"))
      parts.push_back(absl::StrCat("kurtosis ", FormatNumber(*kurtosis)));
    const auto wall = Result(trial, "wall_seconds");
    parts.push_back(absl::StrCat(trial.step(), " steps", wall && *wall > 0 ? " in " + FormatDuration(*wall) : ""));
  }
  const std::string tail = absl::StrJoin(parts, "  ");
  const std::string outcome = PadRight(trial.state(), 9);
  const std::size_t fixed = DisplayWidth(outcome) + DisplayWidth(tail) + 4;
  const std::string label =
      FitLabels({NameOf(trial)}, std::max<std::size_t>(style.width > fixed ? style.width - fixed : 0, 12))[0];
  const std::string line = absl::StrCat("  ", label, "  ", tail);
  const std::size_t used = DisplayWidth(outcome);
  return absl::StrCat(Paint(outcome, OutcomeColour(trial.state()), style),
                      Clip(line, style.width > used ? style.width - used : 0));
}

std::vector<std::string> Progress::NewlyFinished(const v1::WatchSweepResponse& message, const DisplayStyle& style) {
  std::vector<std::string> lines;
  const v1::TrialCounts& counts = message.sweep().trials();
  const std::uint32_t ended =
      counts.completed() + counts.diverged() + counts.failed() + counts.cancelled() + counts.pruned();
  const bool sum_up = first_ && ended > kMaxEarlier;
  first_ = false;
  if (sum_up) {
    lines.push_back(absl::StrCat(ended, " trials ended earlier: ", counts.completed(), " completed, ",
                                 counts.diverged(), " diverged, ", counts.failed(), " failed, ", counts.cancelled(),
                                 " cancelled"));
  }
  for (const v1::Trial& trial : message.finished()) {
    if (reported_.insert(trial.trial_id()).second && !sum_up) lines.push_back(FinishedLine(trial, style));
  }
  // A trial that runs again (retry, resume) will finish once more.
  for (const v1::TrialProgress& trial : message.running()) reported_.erase(trial.trial_id());
  return lines;
}

ProgressFrame Progress::Update(const v1::WatchSweepResponse& message, double elapsed, const DisplayStyle& style) {
  for (const v1::TrialProgress& trial : message.running()) kurtosis_.Note(trial);
  for (const v1::Trial& trial : message.finished()) kurtosis_.Forget(trial.trial_id());
  ProgressFrame frame{.scrolled = NewlyFinished(message, style)};
  frame.live.push_back(HeadLine(message.sweep(), elapsed, style));
  const std::string& reason = message.sweep().waiting_reason();
  if (message.running().empty() && !reason.empty())
    frame.live.push_back(Paint(Clip("  " + reason, style.width), kDim, style));
  const std::size_t room = style.height > 4 ? style.height - 4 : 1;
  for (auto& line : RunningLines(message, room, kurtosis_, style)) frame.live.push_back(std::move(line));
  if (message.running_size() > static_cast<int>(room)) {
    frame.live.push_back(absl::StrCat("  … and ", message.running_size() - static_cast<int>(room), " more"));
  }
  return frame;
}

std::vector<std::string> LineProgress::Update(const v1::WatchSweepResponse& message, double elapsed) {
  constexpr double kSeconds = 10, kFraction = 0.05, kMinute = 60;
  const DisplayStyle style{.width = 160, .height = 20, .bars = false};
  ProgressFrame frame = progress_.Update(message, elapsed, style);
  std::vector<std::string> lines = std::move(frame.scrolled);
  for (const v1::TrialProgress& trial : message.running()) {
    if (!started_.insert(absl::StrCat(trial.trial_id(), " ", trial.worker())).second) continue;
    lines.push_back(absl::StrCat("started    ", NameOf(trial), "  on ", trial.worker()));
  }
  for (const v1::Trial& trial : message.finished()) {
    std::erase_if(started_, [&](const std::string& name) { return name.starts_with(trial.trial_id() + " "); });
  }

  const double fraction = Fraction(message.sweep());
  const std::string state = absl::StrCat(message.sweep().state(), "\n", message.sweep().waiting_reason());
  const bool new_state = state != last_state_ && message.running().empty();
  const bool due = elapsed - last_elapsed_ >= kMinute ||
                   (elapsed - last_elapsed_ >= kSeconds && fraction - last_fraction_ >= kFraction);
  if (new_state || due) {
    lines.insert(lines.end(), frame.live.begin(), frame.live.end());
    last_elapsed_ = elapsed;
    last_fraction_ = fraction;
    last_state_ = state;
  }
  return lines;
}

}  // namespace ofsweep
