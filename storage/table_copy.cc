#include "storage/table_copy.h"

#include "absl/strings/str_cat.h"

namespace ofsweep {

std::string CopySql(DatabaseConnection& connection, const std::string& table,
                    const std::map<std::string, std::string>& values, const std::string& where) {
  std::string names;
  std::string taken;
  Query columns(connection.Prepare("SELECT name FROM pragma_table_info(?1)"));
  columns.Bind(table);
  while (columns.Next()) {
    const std::string name = columns.Text(0);
    const auto value = values.find(name);
    if (value != values.end() && value->second.empty()) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", name);
    absl::StrAppend(&taken, taken.empty() ? "" : ", ", value == values.end() ? name : value->second);
  }
  return absl::StrCat("INSERT INTO main.", table, " (", names, ") SELECT ", taken, " FROM source.", table, " WHERE ",
                      where);
}

}  // namespace ofsweep
