#pragma once

#include <map>
#include <string>

#include "storage/database_connection.h"

namespace ofsweep {

// SQL that copies rows of a table of the attached database `source` into the same table: by its columns as they are
// now, so that one which a later version adds is copied too. `values` has an expression for each column that is not to
// be taken as it stands; "" leaves it out.
std::string CopySql(DatabaseConnection& connection, const std::string& table,
                    const std::map<std::string, std::string>& values, const std::string& where);

}  // namespace ofsweep
