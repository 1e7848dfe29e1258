#include "coordinator/sweep_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/table_axes.h"
#include "coordinator/wire.h"
#include "experiment/metric_column.h"
#include "experiment/metric_table.h"
#include "experiment/quoted.h"
#include "experiment/trial_id.h"
#include "storage/not_found.h"

namespace ofsweep {
namespace {

// `rows` holds one more than `limit` where there is a next page, which begins at `behind(ROW)` of this one's last row.
template <typename Message, typename Row, typename Behind, typename MakeMessage>
absl::StatusOr<Page<Message>> FillPage(const std::vector<Row>& rows, std::uint64_t limit, const Behind& behind,
                                       const MakeMessage& make_message) {
  Page<Message> page;
  std::size_t bytes = 0;
  for (const Row& row : rows) {
    if (page.entries.size() == limit) break;
    auto message = make_message(row);
    if (!message.ok()) return message.status();
    bytes += message->ByteSizeLong();
    if (bytes > kMaxResponseBytes && !page.entries.empty()) break;
    page.entries.push_back(*std::move(message));
  }
  const bool has_more = page.entries.size() < rows.size();
  if (has_more) page.next_token = std::to_string(behind(rows[page.entries.size() - 1]));
  return page;
}

// Of a table of these sweeps. What trials of one sweep have in common those of another may not have.
std::vector<std::string> KeysThatMayDiffer(const std::vector<std::shared_ptr<const SweepSettings>>& sweeps) {
  if (sweeps.size() == 1) return sweeps.front()->varied;
  std::vector<std::string> keys;
  std::set<std::string> known;
  const auto add = [&](const std::string& key) {
    if (known.insert(key).second) keys.push_back(key);
  };
  for (const auto& sweep : sweeps) {
    for (const std::string& key : sweep->varied) add(key);
  }
  for (const auto& sweep : sweeps) {
    for (const auto& [key, value] : sweep->common) add(key);
  }
  keys.emplace_back(kSweepKey);
  return keys;
}

}  // namespace

absl::StatusOr<SweepSummary> SweepReader::Summary(const SweepRow& row) {
  if (live_ != nullptr) {
    auto summary = live_->Summary(row.name);
    // It may be stored already, and not known yet to be.
    if (!absl::IsNotFound(summary.status())) return summary;
  }
  SweepSummary summary{.name = row.name, .state = row.state, .submitted_at = row.submitted_at};
  auto counts = store_.CountTrials(row.name);
  if (!counts.ok()) return counts.status();
  summary.counts = *std::move(counts);
  const bool is_unfinished =
      summary.counts.contains(TrialState::kPending) || summary.counts.contains(TrialState::kRunning);
  if (live_ == nullptr && is_unfinished) {
    summary.waiting_reason = "waiting: no coordinator is running; start `ofsweep coordinator`";
  }
  return summary;
}

absl::StatusOr<std::shared_ptr<const SweepSettings>> SweepReader::Settings(const std::string& sweep) {
  if (live_ != nullptr) return live_->Settings(sweep);
  const auto row = store_.FindSweep(sweep);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return NoSuchSweep(sweep);
  return std::make_shared<const SweepSettings>(SettingsOf(**row));
}

absl::StatusOr<v1::Sweep> SweepReader::Sweep(const std::string& name, bool with_spec) {
  const auto row = store_.FindSweep(name);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return NoSuchSweep(name);
  return SweepMessage(**row, with_spec);
}

absl::StatusOr<v1::Sweep> SweepReader::SweepMessage(const SweepRow& row, bool with_spec) {
  const auto summary = Summary(row);
  if (!summary.ok()) return summary.status();
  // A coordinator need not know yet what is stored.
  const auto known = live_ == nullptr ? nullptr : live_->Settings(row.name).value_or(nullptr);
  v1::Sweep message = ToMessage(*summary, row, known == nullptr ? SettingsOf(row).varied : known->varied);
  if (!with_spec) message.clear_spec();
  return message;
}

absl::StatusOr<Page<v1::Sweep>> SweepReader::Sweeps(std::span<const std::string> tags, std::uint64_t limit,
                                                    std::uint64_t begin) {
  const auto rows = store_.ListSweeps(limit + 1, static_cast<std::int64_t>(begin), tags);
  if (!rows.ok()) return rows.status();
  return FillPage<v1::Sweep>(
      *rows, limit, [](const SweepRow& row) { return row.id; },
      [&](const SweepRow& row) { return SweepMessage(row, /*with_spec=*/true); });
}

absl::StatusOr<Page<v1::Trial>> SweepReader::Trials(const std::string& sweep, const std::vector<TrialState>& states,
                                                    std::uint64_t limit, std::uint64_t begin, bool with_config) {
  const auto settings = Settings(sweep);
  if (!settings.ok()) return settings.status();
  const auto rows = store_.ListResults(sweep, states, limit + 1, begin);
  if (!rows.ok()) return rows.status();
  return FillPage<v1::Trial>(
      *rows, limit, [](const ResultRow& row) { return row.position + 1; },
      [&](const ResultRow& row) -> absl::StatusOr<v1::Trial> { return TrialMessage(row, **settings, with_config); });
}

v1::Trial SweepReader::TrialMessage(ResultRow row, const SweepSettings& settings, bool with_config) {
  if (with_config) row.trial.config_json = OwnConfigJson(settings, row.trial);
  v1::Trial message = ToMessage(row, TrialLabel(settings, row));
  if (with_config) *message.mutable_config() = ConfigMessage(row);
  if (live_ != nullptr && row.trial.state == TrialState::kPending) {
    message.set_waiting_reason(live_->WaitingReason(row.trial.trial_id));
  }
  return message;
}

// As it is given, where no trial begins so.
absl::StatusOr<std::string> SweepReader::WholeTrialId(const std::string& sweep, const std::string& id_or_beginning) {
  constexpr std::uint64_t kNamed = 3;
  const bool may_be_short = id_or_beginning.size() >= kFewestIdDigits && id_or_beginning.size() < kTrialIdDigits;
  if (!may_be_short) return id_or_beginning;
  const auto ids = store_.TrialIdsBeginningWith(id_or_beginning, sweep, kNamed + 1);
  if (!ids.ok()) return ids.status();
  if (ids->empty() || ids->front() == id_or_beginning) return id_or_beginning;
  if (ids->size() == 1) return ids->front();
  const bool are_more = ids->size() > kNamed;
  return absl::FailedPreconditionError(
      absl::StrCat("several trials begin with ", Quoted(id_or_beginning), ": ",
                   absl::StrJoin(ids->begin(), are_more ? ids->end() - 1 : ids->end(), ", "), are_more ? ", …" : "",
                   "; give more digits"));
}

absl::StatusOr<v1::GetTrialResponse> SweepReader::Trial(const std::string& asked, const std::string& id_or_beginning) {
  const auto whole = WholeTrialId(asked, id_or_beginning);
  if (!whole.ok()) return whole.status();
  const std::string& trial_id = *whole;
  const auto arms = store_.ListArms(trial_id);
  if (!arms.ok()) return arms.status();
  if (asked.empty() && arms->empty()) return NoSuchTrial(trial_id);
  const std::string& sweep = asked.empty() ? arms->front().first : asked;
  const auto settings = Settings(sweep);
  if (!settings.ok()) return settings.status();
  auto row = store_.FindResult(sweep, trial_id);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return NoSuchTrial(sweep, trial_id);
  v1::GetTrialResponse answer;
  *answer.mutable_trial() = TrialMessage(**std::move(row), **settings, /*with_config=*/true);
  const auto attempts = store_.ListAttempts(trial_id);
  if (!attempts.ok()) return attempts.status();
  for (const AttemptRow& attempt : *attempts) *answer.add_attempts() = ToMessage(attempt);
  for (const auto& [holder, arm] : *arms) answer.add_sweeps(holder);
  return answer;
}

std::vector<WorkerView> SweepReader::Workers() {
  if (live_ == nullptr) return {};
  std::vector<WorkerView> workers = live_->Workers();
  std::erase_if(workers, [](const WorkerView& worker) { return !worker.connected && worker.trial_ids.empty(); });
  std::sort(workers.begin(), workers.end(),
            [](const WorkerView& a, const WorkerView& b) { return a.worker_id < b.worker_id; });
  return workers;
}

absl::StatusOr<AblationTable> SweepReader::Table(const std::vector<std::string>& sweeps, const AblationQuery& query) {
  std::vector<std::shared_ptr<const SweepSettings>> settings;
  for (const std::string& sweep : sweeps) {
    auto found = Settings(sweep);
    if (!found.ok()) return found.status();
    settings.push_back(*std::move(found));
  }
  AblationBuilder builder(query, KeysThatMayDiffer(settings));
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    absl::Status status = AddToTable(sweeps[i], *settings[i], query, builder);
    if (!status.ok()) return status;
  }
  return builder.Build();
}

absl::Status SweepReader::ChooseAxes(const std::vector<std::string>& sweeps, bool chooses_cols, AblationQuery& query) {
  AxesWish wish{.pool = query.pool};
  if (!query.best.empty()) wish.pool.push_back(query.best);
  if (!query.rows.empty()) wish.rows = query.rows;
  if (!query.cols.empty() || !(chooses_cols || query.rows.empty())) wish.cols = query.cols;
  if (wish.rows && wish.cols) return absl::OkStatus();
  std::vector<SweepSpec> specs;
  for (const std::string& sweep : sweeps) {
    const auto row = store_.FindSweep(sweep);
    if (!row.ok()) return row.status();
    if (!row->has_value()) return NoSuchSweep(sweep);
    std::vector<Problem> ignored;  // it was valid when it was submitted
    specs.push_back(ParseSweepSpec((*row)->spec, (*row)->file, ignored));
  }
  TableAxes axes = ChooseTableAxes(specs, wish);
  query.rows = std::move(axes.rows);
  query.cols = std::move(axes.cols);
  return absl::OkStatus();
}

absl::Status SweepReader::AddToTable(const std::string& sweep, const SweepSettings& settings,
                                     const AblationQuery& query, AblationBuilder& builder) {
  // What it asks for beyond the numbers of every trial, by trial.
  std::map<std::string, std::map<std::string, double>> further;
  for (const std::string& metric : query.metrics) {
    if (FindResultNumber(metric) != nullptr) continue;
    auto values = store_.ListMetric(sweep, *ParseMetricColumn(metric));
    if (!values.ok()) return values.status();
    for (const auto& [trial_id, value] : *values) further[trial_id].emplace(metric, value);
  }
  absl::Status found;
  builder.BeginSweep(sweep, [&](const ResultRow& row) -> std::string {
    const auto stored = store_.FindTrial(row.trial.trial_id);
    found.Update(stored.status());
    if (!stored.ok() || !*stored) return "{}";
    TrialRow trial = **stored;
    trial.arm = row.trial.arm;
    return OwnConfigJson(settings, trial);
  });
  absl::Status status = store_.VisitResults(sweep, builder.NumbersRead(), [&](const ResultRow& row) {
    const auto added = further.find(row.trial.trial_id);
    if (added == further.end()) return builder.Add(row);
    ResultRow whole = row;
    for (const auto& [metric, value] : added->second) whole.values.insert_or_assign(metric, value);
    builder.Add(whole);
  });
  status.Update(found);
  return status;
}

absl::Status SweepReader::CheckTrialIds(const std::string& sweep, const std::vector<std::string>& trial_ids) {
  const auto row = store_.FindSweep(sweep);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return NoSuchSweep(sweep);
  for (const std::string& id : trial_ids) {
    const auto arms = store_.ListArms(id);
    if (!arms.ok()) return arms.status();
    if (std::any_of(arms->begin(), arms->end(), [&](const auto& arm) { return arm.first == sweep; })) continue;
    return NoSuchTrial(sweep, id);
  }
  return absl::OkStatus();
}

}  // namespace ofsweep
