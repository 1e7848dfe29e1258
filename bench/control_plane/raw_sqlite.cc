#include "bench/control_plane/raw_sqlite.h"

#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/control_plane/bench_worker.h"
#include "bench/control_plane/meter.h"

namespace ofsweep {
namespace {

using Database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;
using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

Database Open(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  Database database(opened, &sqlite3_close);
  if (result != SQLITE_OK) throw std::runtime_error(path + ": " + sqlite3_errmsg(opened));
  return database;
}

void Execute(const Database& database, const std::string& sql) {
  if (sqlite3_exec(database.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database.get()));
  }
}

Statement Prepare(const Database& database, const std::string& sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database.get()));
  }
  return {prepared, &sqlite3_finalize};
}

// As the store opens its own.
Database OpenForWriting(const std::string& path) {
  Database database = Open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  for (const char* pragma : {"journal_mode = WAL", "synchronous = FULL", "cache_size = -65536",
                             "wal_autocheckpoint = 4096", "secure_delete = OFF", "temp_store = MEMORY"}) {
    Execute(database, std::string("PRAGMA ") + pragma);
  }
  Execute(database,
          "CREATE TABLE recent_points (trial INTEGER NOT NULL, step INTEGER NOT NULL, series INTEGER NOT NULL, "
          "value REAL, PRIMARY KEY (trial, step, series)) WITHOUT ROWID");
  Execute(database,
          "CREATE TABLE sealed_points (trial INTEGER NOT NULL, series INTEGER NOT NULL, step INTEGER NOT NULL, "
          "value REAL, PRIMARY KEY (trial, series, step)) WITHOUT ROWID");
  return database;
}

void WriteStep(sqlite3_stmt* insert, long trial, long step, long series) {
  for (long i = 0; i < series + 2; ++i) {  // with tokens and seconds
    sqlite3_bind_int64(insert, 1, trial);
    sqlite3_bind_int64(insert, 2, step);
    sqlite3_bind_int64(insert, 3, i + 1);
    sqlite3_bind_double(insert, 4, ValueOf(step, i));
    if (sqlite3_step(insert) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(sqlite3_db_handle(insert)));
    sqlite3_reset(insert);
  }
}

void Seal(const Database& database, long trial) {
  const std::string where = " FROM recent_points WHERE trial = " + std::to_string(trial);
  Execute(database, "BEGIN IMMEDIATE");
  Execute(database, "INSERT INTO sealed_points SELECT trial, series, step, value" + where + " ORDER BY series, step");
  Execute(database, "DELETE" + where);
  Execute(database, "COMMIT");
}

using CurveKey = std::pair<std::int64_t, std::int64_t>;  // trial, series

std::vector<CurveKey> CurvesOf(const Database& database, const std::string& sweep, const std::string& metric) {
  const Statement list = Prepare(database,
                                 "SELECT trial, series.id FROM sweep_trials JOIN series WHERE sweep = (SELECT id FROM "
                                 "sweeps WHERE name = ?1) AND metric = ?2 AND layer = -1 ORDER BY position");
  sqlite3_bind_text(list.get(), 1, sweep.c_str(), -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(list.get(), 2, metric.c_str(), -1, SQLITE_TRANSIENT);
  std::vector<CurveKey> keys;
  while (sqlite3_step(list.get()) == SQLITE_ROW) {
    keys.emplace_back(sqlite3_column_int64(list.get(), 0), sqlite3_column_int64(list.get(), 1));
  }
  return keys;
}

struct Curve {
  std::vector<std::int64_t> steps;
  std::vector<double> values;
};

Curve ReadCurve(sqlite3_stmt* read, const CurveKey& key) {
  Curve curve;
  sqlite3_bind_int64(read, 1, key.first);
  sqlite3_bind_int64(read, 2, key.second);
  while (sqlite3_step(read) == SQLITE_ROW) {
    curve.steps.push_back(sqlite3_column_int64(read, 0));
    curve.values.push_back(sqlite3_column_double(read, 1));
  }
  sqlite3_reset(read);
  return curve;
}

}  // namespace

nlohmann::json WriteRaw(const Arguments& arguments) {
  const long trials = arguments.Number("clients", 1);
  const long batch = arguments.Number("batch", 1);
  const long steps = arguments.Number("steps", 1000);
  const long series = arguments.Number("series", kSeries);
  const Database database = OpenForWriting(arguments.Text("db"));
  const Statement insert =
      Prepare(database, "INSERT INTO recent_points VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING");
  Latencies latencies;
  const Meter meter(arguments);
  for (long step = 1; step <= steps; step += batch) {
    const Instant began = Now();
    Execute(database, "BEGIN IMMEDIATE");
    for (long trial = 1; trial <= trials; ++trial) {
      for (long row = 0; row < batch; ++row) WriteStep(insert.get(), trial, step + row, series);
    }
    Execute(database, "COMMIT");
    latencies.push_back(SecondsSince(began));
  }
  nlohmann::json result = meter.Read();
  if (arguments.Flag("seal")) {
    const Meter sealing(arguments);
    for (long trial = 1; trial <= trials; ++trial) Seal(database, trial);
    result["sealing"] = sealing.Read();
  }
  result.update({{"points", trials * steps * series}, {"latency", Summary(latencies)}});
  return result;
}

nlohmann::json ReadRaw(const Arguments& arguments) {
  const Meter meter(arguments);
  Latencies latencies;
  long curves = 0;
  long points = 0;
  double sum = 0;
  for (long i = 0; i < arguments.Number("repeat", 1); ++i) {
    const Instant began = Now();
    const Database database = Open(arguments.Text("db"), SQLITE_OPEN_READONLY);
    const Statement read =
        Prepare(database, "SELECT step, value FROM sealed_points WHERE trial = ?1 AND series = ?2 ORDER BY step");
    curves = points = 0;
    sum = 0;
    for (const CurveKey& key : CurvesOf(database, arguments.Text("sweep"), arguments.Text("metric", "train_loss"))) {
      const Curve curve = ReadCurve(read.get(), key);
      curves += curve.steps.empty() ? 0 : 1;
      points += static_cast<long>(curve.steps.size());
      for (double value : curve.values) sum += value;
    }
    latencies.push_back(SecondsSince(began));
  }
  nlohmann::json result = meter.Read();
  result.update({{"curves", curves}, {"points", points}, {"sum", sum}, {"latency", Summary(latencies)}});
  return result;
}

}  // namespace ofsweep
