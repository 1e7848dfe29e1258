#pragma once

#include <string>

namespace ofsweep {

// Damage to a database that nobody has open, in a table whose rows fill no more than one page: its first two rows
// change places; its first row lies outside the page.
void SwapRows(const std::string& path, const std::string& table);
void LoseRow(const std::string& path, const std::string& table);

}  // namespace ofsweep
