#include "storage/merged_trials.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiment/trial_state.h"
#include "storage/table_copy.h"

namespace ofsweep {
namespace {

// Of an attempt ?1 of ours: that theirs, ?2, has it too, from an earlier merge or copy. Its generation may be another
// one here.
constexpr char kShared[] =
    "(worker, started_at) IN (SELECT worker, started_at FROM source.trial_attempts WHERE trial = ?2)";

// Why an attempt is lost that ran when its database was merged. How long it went on nobody here knows.
constexpr char kLeftBehind[] = "it was running when `ofsweep db merge` copied its trial";

// A trial as one of the two databases has it.
struct Side {
  std::int64_t id = 0;
  std::string trial_id;
  std::string config_hash;
  std::string data_fingerprint;  // "" while it is not known
  TrialState state = TrialState::kPending;
  std::int64_t first_generation = 0;   // of its attempts; of the trial where there is none
  std::int64_t newest_generation = 0;  // likewise
  bool has_points = false;

  bool HasOutcome() const { return state == TrialState::kCompleted || state == TrialState::kDiverged; }
  // Its training read something of which nobody has stored what it was, as before schema version 4.
  bool HasReadUnknown() const { return data_fingerprint.empty() && (has_points || HasOutcome()); }
};

std::string SideSql(const std::string& schema) {
  return absl::StrCat("SELECT id, trial_id, config_hash, ifnull(data_fingerprint, ''), state, ",
                      "ifnull((SELECT min(generation) FROM ", schema, ".trial_attempts WHERE trial = trials.id), ",
                      "generation), max(generation, ifnull((SELECT max(generation) FROM ", schema,
                      ".trial_attempts WHERE trial = trials.id), 0)), ifnull((SELECT step >= 0 FROM ", schema,
                      ".trial_results WHERE trial = trials.id), 0) FROM ", schema, ".trials AS trials");
}

Side ReadSide(const Query& row) {
  return {row.Integer(0), row.Text(1),    row.Text(2),        row.Text(3), ParseTrialState(row.Text(4)).value(),
          row.Integer(5), row.Integer(6), row.Integer(7) != 0};
}

class TrialMerge {
 public:
  TrialMerge(DatabaseConnection& connection, const MergeRequest& request, MergeCounts& counts)
      : connection_(connection), request_(request), counts_(counts) {}

  absl::Status Run() {
    MapSeries();
    connection_.Execute("CREATE TEMP TABLE merged_trials (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL)");
    std::vector<Side> all;
    {
      Query query(connection_.Prepare(SideSql("source") + " ORDER BY id"));
      while (query.Next()) all.push_back(ReadSide(query));
    }
    for (const Side& theirs : all) {
      if (absl::Status merged = MergeOne(theirs); !merged.ok()) return merged;
    }
    return absl::OkStatus();
  }

 private:
  void MapSeries() {
    connection_.Execute(
        "INSERT INTO main.series (metric, layer, site) SELECT metric, layer, site FROM source.series WHERE true ON "
        "CONFLICT DO NOTHING");
    connection_.Execute("CREATE TEMP TABLE merged_series (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL)");
    connection_.Execute(
        "INSERT INTO merged_series SELECT theirs.id, ours.id FROM source.series AS theirs JOIN main.series AS ours "
        "USING "
        "(metric, layer, site)");
  }

  std::optional<Side> FindOurs(const std::string& trial_id) {
    Query query(connection_.Prepare(SideSql("main") + " WHERE trial_id = ?1"));
    if (!query.Bind(trial_id).Next()) return std::nullopt;
    return ReadSide(query);
  }

  absl::Status MergeOne(const Side& theirs) {
    const std::optional<Side> ours = FindOurs(theirs.trial_id);
    std::int64_t id = 0;
    if (!ours) {
      id = AddNew(theirs);
      ++counts_.added_trials;
    } else {
      if (absl::Status same = CheckSame(theirs, *ours); !same.ok()) return same;
      id = ours->id;
      const bool takes_theirs = theirs.HasOutcome() && !ours->HasOutcome();
      if (takes_theirs) TakeTheirs(theirs, *ours);
      ++(takes_theirs ? counts_.finished_trials : counts_.kept_trials);
    }
    Query(connection_.Prepare("INSERT INTO merged_trials (theirs, ours) VALUES (?1, ?2)")).Bind(theirs.id, id).Run();
    return absl::OkStatus();
  }

  absl::Status CheckSame(const Side& theirs, const Side& ours) {
    if (theirs.config_hash != ours.config_hash) {
      return absl::FailedPreconditionError(absl::StrCat(request_.from, ": trial ", theirs.trial_id,
                                                        " has another configuration (hash ", theirs.config_hash,
                                                        ") than that of ", request_.into, " (", ours.config_hash,
                                                        "); change any key of one of them, and train it anew"));
    }
    if (theirs.HasReadUnknown() || ours.HasReadUnknown()) return CheckSameTraining(theirs, ours);
    const bool both_known = !theirs.data_fingerprint.empty() && !ours.data_fingerprint.empty();
    if (!both_known || theirs.data_fingerprint == ours.data_fingerprint) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        request_.from, ": trial ", theirs.trial_id, " has read other data (", theirs.data_fingerprint, ") than in ",
        request_.into, " (", ours.data_fingerprint,
        "), so that the two are not one; submit one of their sweeps again from where its files can be seen"));
  }

  // Where nobody knows what was read, only an attempt that both have says that the two are one.
  absl::Status CheckSameTraining(const Side& theirs, const Side& ours) {
    Query shared(connection_.Prepare(absl::StrCat("SELECT 1 FROM main.trial_attempts WHERE trial = ?1 AND ", kShared)));
    if (shared.Bind(ours.id, theirs.id).Next()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        request_.from, ": trial ", theirs.trial_id, " is in ", request_.into,
        " too, and of one of the two it is not known what data it has read (an early ofsweep trained it), so that "
        "nobody can say that the two are one; merge into another database, or submit one of their sweeps again under "
        "another name"));
  }

  std::int64_t AddNew(const Side& theirs) {
    const std::int64_t id = NewId();
    CopyRows(theirs, id, NewestDeleted(theirs.trial_id));
    return id;
  }

  // Our attempts stay, as the history that they are; our curve goes, because a curve is of one training, and our
  // configuration, which says how that was trained.
  void TakeTheirs(const Side& theirs, const Side& ours) {
    const Training own = KeepOwn(theirs, ours);
    for (const char* table : {"recent_points", "sealed_points", "trial_results", "trial_configs"}) {
      Query(connection_.Prepare(absl::StrCat("DELETE FROM main.", table, " WHERE trial = ?1"))).Bind(ours.id).Run();
    }
    Query(connection_.Prepare("DELETE FROM main.trials WHERE id = ?1")).Bind(ours.id).Run();
    CloseAttempts(ours.id);
    CopyRows(theirs, ours.id, std::max(ours.newest_generation, NewestDeleted(ours.trial_id)));
    Query(
        connection_.Prepare(
            "UPDATE main.trials SET wall_seconds = wall_seconds + ?2, attempts = attempts + ?3, started_at = CASE WHEN "
            "?4 > 0 AND ?4 < started_ms THEN strftime('%Y-%m-%dT%H:%M:%fZ', ?4 / 1000.0, 'unixepoch') ELSE "
            "started_at END, started_ms = CASE WHEN ?4 > 0 AND ?4 < started_ms THEN ?4 ELSE started_ms END WHERE id = "
            "?1"))
        .Bind(ours.id, own.wall_seconds, own.attempts, own.started_ms)
        .Run();
  }

  // What a trial's attempts took.
  struct Training {
    double wall_seconds = 0;
    std::int64_t attempts = 0;
    std::int64_t started_ms = 0;
  };

  // Removes those of our attempts that come with theirs, and returns what the others took.
  Training KeepOwn(const Side& theirs, const Side& ours) {
    Training own;
    {
      Query row(connection_.Prepare("SELECT wall_seconds, attempts, started_ms FROM main.trials WHERE id = ?1"));
      row.Bind(ours.id).Next();
      own = {row.Real(0), row.Integer(1), row.Integer(2)};
    }
    const double all_ms = EndedMs(ours.id);
    const int shared =
        Query(connection_.Prepare(absl::StrCat("DELETE FROM main.trial_attempts WHERE trial = ?1 AND ", kShared)))
            .Bind(ours.id, theirs.id)
            .Run();
    if (shared == 0) return own;
    own.attempts = std::max<std::int64_t>(own.attempts - shared, 0);
    // The seconds of one attempt are not stored: of the trial's, each has a share by its start and end.
    own.wall_seconds = all_ms > 0 ? own.wall_seconds * EndedMs(ours.id) / all_ms : 0;
    return own;
  }

  // From start to end, of all attempts whose seconds the trial's count.
  double EndedMs(std::int64_t trial) {
    Query query(
        connection_.Prepare("SELECT total(max(ended_at - started_at, 0)) FROM main.trial_attempts WHERE trial = ?1 AND "
                            "outcome <> '' AND message <> ?2"));
    query.Bind(trial, std::string_view(kLeftBehind)).Next();
    return query.Real(0);
  }

  // Their attempts come behind `newest`, which any worker may have a folder or an outbox of.
  void CopyRows(const Side& theirs, std::int64_t id, std::int64_t newest) {
    const std::int64_t shift = theirs.first_generation > newest ? 0 : newest - theirs.first_generation + 1;
    const bool has_begun = theirs.newest_generation > 0;
    const std::int64_t by = has_begun ? shift : 0;
    Query(connection_.Prepare(CopySql(connection_, "trials",
                                      {{"id", "?2"},
                                       {"generation", "generation + ?3"},
                                       {"begun_generation", "begun_generation + ?3"},
                                       {"state", "CASE state WHEN 'running' THEN 'pending' ELSE state END"},
                                       {"worker", "CASE state WHEN 'running' THEN NULL ELSE worker END"}},
                                      "id = ?1")))
        .Bind(theirs.id, id, by)
        .Run();
    Query(connection_.Prepare(
              CopySql(connection_, "trial_results",
                      {{"trial", "?2"},
                       {"curve_generation", "CASE curve_generation WHEN 0 THEN 0 ELSE curve_generation + ?3 END"}},
                      "trial = ?1")))
        .Bind(theirs.id, id, by)
        .Run();
    Query(connection_.Prepare(CopySql(connection_, "trial_configs", {{"trial", "?2"}}, "trial = ?1")))
        .Bind(theirs.id, id)
        .Run();
    Query(connection_.Prepare(CopySql(connection_, "trial_attempts",
                                      {{"trial", "?2"}, {"generation", "generation + ?3"}}, "trial = ?1")))
        .Bind(theirs.id, id, by)
        .Run();
    CloseAttempts(id);
    for (const char* table : {"recent_points", "sealed_points"}) {
      counts_.points += static_cast<std::uint64_t>(
          Query(connection_.Prepare(
                    CopySql(connection_, table,
                            {{"trial", "?2"}, {"series", "(SELECT ours FROM merged_series WHERE theirs = series)"}},
                            "trial = ?1")))
              .Bind(theirs.id, id)
              .Run());
    }
  }

  // Nobody here has a lease of them.
  void CloseAttempts(std::int64_t trial) {
    Query(connection_.Prepare("UPDATE main.trial_attempts SET outcome = 'lost', message = ?3, ended_at = ?2 "
                              "WHERE trial = ?1 AND outcome = ''"))
        .Bind(trial, request_.now, std::string_view(kLeftBehind))
        .Run();
  }

  std::int64_t NewId() {
    Query query(
        connection_.Prepare("SELECT 1 + max(deleted_through, ifnull((SELECT max(id) FROM main.trials), 0)) FROM "
                            "main.database"));
    query.Next();
    return query.Integer(0);
  }

  // 0 where no trial of that id was deleted here.
  std::int64_t NewestDeleted(const std::string& trial_id) {
    Query query(connection_.Prepare("SELECT ifnull(max(generation), 0) FROM main.deleted_trials WHERE trial_id = ?1"));
    query.Bind(trial_id).Next();
    return query.Integer(0);
  }

  DatabaseConnection& connection_;
  const MergeRequest& request_;
  MergeCounts& counts_;
};

}  // namespace

absl::Status MergeTrials(DatabaseConnection& connection, const MergeRequest& request, MergeCounts& counts) {
  return TrialMerge(connection, request, counts).Run();
}

}  // namespace ofsweep
