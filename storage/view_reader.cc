#include "storage/view_reader.h"

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/integrity.h"
#include "storage/reader_connection.h"
#include "storage/schema.h"
#include "storage/sqlite_status.h"

namespace ofsweep {
namespace {

bool NullIsNan(const ReadableView& view, const std::string& column) {
  return column == "value" && (view.name == "curves" || view.name == "metrics");
}

ViewValue ValueOf(const Query& row, int column, bool null_is_nan) {
  switch (row.Type(column)) {
    case SQLITE_INTEGER:
      return row.Integer(column);
    case SQLITE_FLOAT:
      return row.Real(column);
    case SQLITE_NULL:
      if (null_is_nan) return std::numeric_limits<double>::quiet_NaN();
      return std::monostate();
    default:
      return row.Text(column);
  }
}

}  // namespace

ViewReader::ViewReader(std::string path, std::unique_ptr<DatabaseConnection> connection)
    : path_(std::move(path)), connection_(std::move(connection)), snapshot_(connection_->database()) {}

absl::StatusOr<std::unique_ptr<ViewReader>> ViewReader::Open(const std::string& path,
                                                             const std::vector<std::string>& sweeps) {
  auto connection = OpenToRead(path, CheckSchema);
  if (!connection.ok()) return connection.status();
  try {
    std::unique_ptr<ViewReader> reader(new ViewReader(path, *std::move(connection)));
    absl::Status sound = CheckIntegrity(reader->connection_->database(), path, "nothing is read from it");
    if (!sound.ok()) return sound;
    if (absl::Status found = reader->FindSweeps(sweeps); !found.ok()) return found;
    reader->FindTrials();
    return reader;
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, nullptr, path);
  }
}

absl::Status ViewReader::FindSweeps(const std::vector<std::string>& sweeps) {
  Query all(connection_->Prepare("SELECT name FROM sweeps ORDER BY id"));
  while (all.Next()) {
    std::string name = all.Text(0);
    const bool is_wanted = sweeps.empty() || std::find(sweeps.begin(), sweeps.end(), name) != sweeps.end();
    if (is_wanted) sweeps_.push_back(std::move(name));
  }
  for (const std::string& wanted : sweeps) {
    if (std::find(sweeps_.begin(), sweeps_.end(), wanted) != sweeps_.end()) continue;
    return absl::NotFoundError(
        absl::StrCat(path_, ": there is no sweep ", wanted, "; `ofsweep ls` lists those that are there"));
  }
  return absl::OkStatus();
}

void ViewReader::FindTrials() {
  std::unordered_set<std::string> known;
  for (const std::string& sweep : sweeps_) {
    Query its(
        connection_->Prepare("SELECT trial_id FROM sweeps JOIN sweep_trials ON sweep = sweeps.id JOIN trials ON "
                             "trials.id = trial WHERE sweeps.name = ?1 ORDER BY position"));
    its.Bind(sweep);
    while (its.Next()) {
      if (known.insert(its.Text(0)).second) trials_.push_back(its.Text(0));
    }
  }
}

absl::StatusOr<std::vector<std::string>> ViewReader::Columns(const ReadableView& view) {
  try {
    Query query(connection_->Prepare("SELECT name FROM pragma_table_info(?1)"));
    query.Bind(view.name);
    std::vector<std::string> names;
    while (query.Next()) names.push_back(query.Text(0));
    return names;
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, connection_->handle(), path_);
  }
}

absl::Status ViewReader::Visit(const ReadableView& view, const Visitor& visit,
                               const std::function<void(std::size_t, std::size_t)>& progress) {
  const auto columns = Columns(view);
  if (!columns.ok()) return columns.status();
  const std::vector<std::string>& keys = view.key == "sweep" ? sweeps_ : trials_;
  std::vector<bool> null_is_nan;
  for (const std::string& column : *columns) null_is_nan.push_back(NullIsNan(view, column));
  std::vector<ViewValue> values(columns->size());
  try {
    const Statement& select = connection_->Prepare(absl::StrCat(
        "SELECT * FROM ", std::string(view.name), " WHERE ", std::string(view.key), " = ?1", std::string(view.order)));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      progress(i, keys.size());
      Query rows(select);
      rows.Bind(keys[i]);
      while (rows.Next()) {
        for (std::size_t column = 0; column < values.size(); ++column) {
          values[column] = ValueOf(rows, static_cast<int>(column), null_is_nan[column]);
        }
        if (absl::Status visited = visit(values); !visited.ok()) return visited;
      }
    }
    return absl::OkStatus();
  } catch (const SQLite::Exception& error) {
    return ToStatus(error, connection_->handle(), path_);
  }
}

}  // namespace ofsweep
