#include "storage/merged_sweeps.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "experiment/sweep_name.h"
#include "storage/merged_inputs.h"
#include "storage/table_copy.h"

namespace ofsweep {

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

bool MergedSweeps::IsSame(std::int64_t theirs, std::int64_t ours) {
  Query same(
      connection_.Prepare("SELECT (SELECT spec FROM source.sweeps WHERE id = ?1) = (SELECT spec FROM main.sweeps WHERE "
                          "id = ?2) AND (SELECT group_concat(trial_id) FROM (SELECT trial_id FROM source.sweep_trials "
                          "JOIN source.trials ON trials.id = trial WHERE sweep = ?1 ORDER BY position)) IS "
                          "(SELECT group_concat(trial_id) FROM (SELECT trial_id FROM main.sweep_trials "
                          "JOIN main.trials ON trials.id = trial WHERE sweep = ?2 ORDER BY position))"));
  same.Bind(theirs, ours).Next();
  return same.Integer(0) != 0;
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
        std::any_of(new_ones_.begin(), new_ones_.end(), [&name](const NewOne& other) { return other.name == name; });
    if (is_taken) {
      return absl::AlreadyExistsError(absl::StrCat(request_.from, ": two of its sweeps would be called ", name,
                                                   "; give one of them another name with --rename"));
    }
    if (!existing.Bind(name).Next()) {
      new_ones_.push_back({sweeps.Integer(0), name});
    } else if (IsSame(sweeps.Integer(0), existing.Integer(0))) {
      ++counts.known_sweeps;
    } else {
      return absl::AlreadyExistsError(absl::StrCat(
          request_.into, ": has a sweep ", name, " already, with another specification or other trials than that of ",
          request_.from, "; give theirs another name with --rename ", theirs, "=OTHER"));
    }
  }
  return absl::OkStatus();
}

void MergedSweeps::Insert(MergeCounts& counts) {
  for (const NewOne& sweep : new_ones_) {
    counts.added_sweeps.push_back(sweep.name);
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

std::int64_t MergedSweeps::InsertOne(const NewOne& sweep) {
  Query(connection_.Prepare(CopySql(connection_, "sweeps", {{"id", ""}, {"name", "?2"}}, "id = ?1")))
      .Bind(sweep.id, sweep.name)
      .Run();
  const std::int64_t id = connection_.LastRowId();
  for (const char* table : {"earlier_specs", "sweep_inputs"}) {
    Query(connection_.Prepare(CopySql(connection_, table, {{"sweep", "?2"}}, "sweep = ?1"))).Bind(sweep.id, id).Run();
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
