#include "storage/merged_sweeps.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "experiment/sweep_name.h"
#include "storage/merged_inputs.h"
#include "storage/table_copy.h"

namespace ofsweep {
namespace {

// What a sweep is known by: every text that it has had, and its trials, none of which an update leaves out.
struct Content {
  std::set<std::string> texts;
  std::set<std::string> trials;

  bool Has(const Content& other) const {
    return std::includes(texts.begin(), texts.end(), other.texts.begin(), other.texts.end()) &&
           std::includes(trials.begin(), trials.end(), other.trials.begin(), other.trials.end());
  }
};

Content ContentOf(DatabaseConnection& connection, const std::string& schema, std::int64_t sweep) {
  const auto read = [&](const std::string& sql) {
    std::set<std::string> values;
    Query rows(connection.Prepare(sql));
    rows.Bind(sweep);
    while (rows.Next()) values.insert(rows.Text(0));
    return values;
  };
  return {read(absl::StrCat("SELECT spec FROM ", schema, ".sweeps WHERE id = ?1 UNION ALL SELECT spec FROM ", schema,
                            ".earlier_specs WHERE sweep = ?1")),
          read(absl::StrCat("SELECT trial_id FROM ", schema, ".sweep_trials JOIN ", schema,
                            ".trials ON trials.id = trial WHERE sweep = ?1"))};
}

}  // namespace

absl::Status MergedSweeps::CheckNames() {
  for (const auto& [theirs, ours] : request_.names) {
    if (!IsSweepName(ours)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--rename ", theirs, "=…: ", Quoted(ours), " is no name for a sweep; ", kSweepNameRule));
    }
    Query found(connection_.Prepare("SELECT 1 FROM source.sweeps WHERE name = ?1"));
    if (found.Bind(theirs).Next()) continue;
    return absl::NotFoundError(absl::StrCat(request_.from, ": there is no sweep ", theirs, " to be called ", ours,
                                            "; `ofsweep ls --data-dir` lists them"));
  }
  return absl::OkStatus();
}

absl::Status MergedSweeps::Find(MergeCounts& counts) {
  if (absl::Status known = CheckNames(); !known.ok()) return known;
  Query sweeps(connection_.Prepare("SELECT id, name FROM source.sweeps ORDER BY id"));
  while (sweeps.Next()) {
    const std::string theirs = sweeps.Text(1);
    const auto renamed = request_.names.find(theirs);
    const std::string& name = renamed == request_.names.end() ? theirs : renamed->second;
    Query existing(connection_.Prepare("SELECT id FROM main.sweeps WHERE name = ?1"));
    const bool is_taken =
        std::any_of(brought_.begin(), brought_.end(), [&name](const Brought& other) { return other.name == name; });
    if (is_taken) {
      return absl::AlreadyExistsError(absl::StrCat(request_.from, ": two of its sweeps would be called ", name,
                                                   "; give one of them another name with --rename"));
    }
    if (!existing.Bind(name).Next()) {
      brought_.push_back({sweeps.Integer(0), name, std::nullopt});
      continue;
    }
    const Content ours = ContentOf(connection_, "main", existing.Integer(0));
    const Content its = ContentOf(connection_, "source", sweeps.Integer(0));
    if (ours.Has(its)) {
      ++counts.known_sweeps;
    } else if (its.Has(ours)) {
      brought_.push_back({sweeps.Integer(0), name, existing.Integer(0)});
    } else {
      return absl::AlreadyExistsError(absl::StrCat(
          request_.into, ": has a sweep ", name, " already, and neither it nor that of ", request_.from,
          " is an update of the other, with all of its specifications and trials; give theirs another name with "
          "--rename ",
          theirs, "=OTHER, and `ofsweep table ", name, " OTHER` shows both in one table"));
    }
  }
  return absl::OkStatus();
}

void MergedSweeps::Insert(MergeCounts& counts) {
  for (const Brought& sweep : brought_) {
    (sweep.place ? counts.updated_sweeps : counts.added_sweeps).push_back(sweep.name);
    const std::int64_t id = InsertOne(sweep);
    FixInputsOfNew(connection_, sweep.id, id);
    if (SettleState(id)) counts.waiting_sweeps.push_back(sweep.name);
  }
  FixInputsOfOurs(connection_);
  // Trials of our own sweeps may have an outcome now.
  connection_.Execute(
      "UPDATE main.sweeps SET state = 'finished' WHERE state IN ('active', 'paused') AND NOT EXISTS (SELECT 1 FROM "
      "main.sweep_trials JOIN main.trials ON trials.id = trial WHERE sweep = sweeps.id AND trials.state IN ('pending', "
      "'running'))");
}

std::int64_t MergedSweeps::InsertOne(const Brought& sweep) {
  std::string state;  // ours, where it is an update
  if (sweep.place) {
    Query ours(connection_.Prepare("SELECT state FROM main.sweeps WHERE id = ?1"));
    ours.Bind(*sweep.place).Next();
    state = ours.Text(0);
    for (const char* table :
         {"sweeps WHERE id", "earlier_specs WHERE sweep", "arms WHERE sweep", "sweep_trials WHERE sweep"}) {
      Query(connection_.Prepare(absl::StrCat("DELETE FROM main.", table, " = ?1"))).Bind(*sweep.place).Run();
    }
  }
  Query(connection_.Prepare(CopySql(connection_, "sweeps",
                                    {{"id", "?3"}, {"name", "?2"}, {"state", "ifnull(nullif(?4, ''), state)"}},
                                    "id = ?1")))
      .Bind(sweep.id, sweep.name, sweep.place, state)
      .Run();
  const std::int64_t id = connection_.LastRowId();
  for (const char* table : {"earlier_specs", "sweep_inputs"}) {
    Query(connection_.Prepare(CopySql(connection_, table, {{"sweep", "?2"}}, "sweep = ?1 ON CONFLICT DO NOTHING")))
        .Bind(sweep.id, id)
        .Run();
  }
  Query(connection_.Prepare(CopySql(connection_, "arms", {{"id", ""}, {"sweep", "?2"}}, "sweep = ?1")))
      .Bind(sweep.id, id)
      .Run();
  Query(connection_.Prepare(CopySql(connection_, "sweep_trials",
                                    {{"sweep", "?2"},
                                     {"trial", "(SELECT ours FROM merged_trials WHERE theirs = trial)"},
                                     {"arm",
                                      "(SELECT here.id FROM main.arms AS here WHERE here.sweep = ?2 AND here.keys = "
                                      "(SELECT keys FROM source.arms "
                                      "WHERE id = arm))"}},
                                    "sweep = ?1")))
      .Bind(sweep.id, id)
      .Run();
  return id;
}

bool MergedSweeps::SettleState(std::int64_t sweep) {
  const auto settle = [&](const char* state, const char* from, const char* trials) {
    return Query(connection_.Prepare(absl::StrCat("UPDATE main.sweeps SET state = '", state,
                                                  "' WHERE id = ?1 AND state IN (", from,
                                                  ") AND EXISTS (SELECT 1 FROM main.sweep_trials JOIN main.trials ON "
                                                  "trials.id = trial WHERE sweep = ?1 AND trials.state IN (",
                                                  trials, "))")))
               .Bind(sweep)
               .Run() > 0;
  };
  if (settle("paused", "'active', 'paused', 'finished'", "'pending', 'running'")) return true;
  // Our own trial may be a cancelled one, which goes on when its sweep is resumed: a finished one cannot be.
  return settle("cancelled", "'active', 'paused', 'finished'", "'cancelled'");
}

}  // namespace ofsweep
