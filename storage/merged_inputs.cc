#include "storage/merged_inputs.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "experiment/data_input.h"

namespace ofsweep {
namespace {

// The source of an input, in SQL (InputOf).
std::string SourceSql(const InputKeys& keys) {
  return keys.path == "model.init_from" ? "'safetensors'" : "config ->> '$.\"data.source\"'";
}

// The pairs of sweeps that hold a trial of both, by id, and what that reads by its path. A trial whose fingerprint is
// part of its identity needs no sweep to fix it.
void FindSharedInputs(DatabaseConnection& connection) {
  connection.Execute(
      "CREATE TEMP TABLE shared_inputs (theirs INTEGER, ours INTEGER, source TEXT, path TEXT, "
      "PRIMARY KEY (theirs, ours, source, path)) WITHOUT ROWID");
  for (const InputKeys& keys : kInputKeys) {
    connection.Execute(absl::StrCat("INSERT INTO shared_inputs SELECT its.sweep, own.sweep, ", SourceSql(keys),
                                    ", config ->> '$.\"", std::string(keys.path),
                                    "\"' FROM source.trials AS theirs JOIN main.trials AS ours USING (trial_id) "
                                    "JOIN source.sweep_trials AS its ON its.trial = theirs.id "
                                    "JOIN main.sweep_trials AS own ON own.trial = ours.id "
                                    "JOIN main.trial_configs ON trial_configs.trial = ours.id WHERE config ->> '$.\"",
                                    std::string(keys.fingerprint), "\"' = 'auto' ON CONFLICT DO NOTHING")
                           .c_str());
  }
}

}  // namespace

absl::Status CheckSharedInputs(DatabaseConnection& connection, const MergeRequest& request) {
  FindSharedInputs(connection);
  Query differing(connection.Prepare(
      "SELECT source, path, (SELECT name FROM source.sweeps WHERE id = theirs), its.fingerprint, "
      "(SELECT name FROM main.sweeps WHERE id = ours), own.fingerprint FROM shared_inputs "
      "JOIN source.sweep_inputs AS its USING (source, path) JOIN main.sweep_inputs AS own USING (source, path) "
      "WHERE its.sweep = theirs AND own.sweep = ours AND its.fingerprint <> own.fingerprint LIMIT 1"));
  if (!differing.Next()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(request.from, ": sweep ", differing.Text(2), " has read other data (",
                   ToText(DataInput{.source = differing.Text(0), .path = differing.Text(1)}), ", of the fingerprint ",
                   differing.Text(3), ") than sweep ", differing.Text(4), " in ", request.into, " (", differing.Text(5),
                   "), and they have trials in common, so that one would be a mixture; merge into another database, or "
                   "submit one of "
                   "the two again from where its files can be seen"));
}

void FixInputsOfOurs(DatabaseConnection& connection) {
  connection.Execute(
      "INSERT INTO main.sweep_inputs (sweep, source, path, fingerprint) SELECT ours, source, path, fingerprint "
      "FROM shared_inputs JOIN source.sweep_inputs AS its USING (source, path) WHERE its.sweep = theirs "
      "ORDER BY theirs ON CONFLICT DO NOTHING");
}

void FixInputsOfNew(DatabaseConnection& connection, std::int64_t theirs, std::int64_t sweep) {
  Query(connection.Prepare(
            "INSERT INTO main.sweep_inputs (sweep, source, path, fingerprint) SELECT ?2, source, path, fingerprint "
            "FROM shared_inputs JOIN main.sweep_inputs AS own USING (source, path) WHERE own.sweep = ours AND "
            "theirs = ?1 ORDER BY ours ON CONFLICT DO NOTHING"))
      .Bind(theirs, sweep)
      .Run();
}

}  // namespace ofsweep
