#include "tests/storage/database_damage.h"

#include <fstream>
#include <stdexcept>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

// The page of that table: a header of 8 bytes, the last but four of which count its rows, and then where in the page
// each row lies, in the order of their keys (sqlite.org/fileformat.html).
class OnlyPage {
 public:
  OnlyPage(const std::string& path, const std::string& table)
      : begin_((std::stol(Sql(path, "SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'").at(0)) - 1) *
               std::stol(Sql(path, "PRAGMA page_size").at(0))),
        file_(path, std::ios::binary | std::ios::in | std::ios::out) {
    const char kind = Read(0).at(0);
    if (kind != 10 && kind != 13) throw std::logic_error(table + " fills more than one page");
  }
  std::string Place(int row) { return Read(8 + 2 * row); }
  void SetPlace(int row, const std::string& place) {
    file_.seekp(begin_ + 8 + 2 * row);
    file_ << place;
  }

 private:
  std::string Read(int at) {
    std::string bytes(2, '\0');
    file_.seekg(begin_ + at);
    file_.read(bytes.data(), 2);
    return bytes;
  }

  const std::streamoff begin_;
  std::fstream file_;
};

}  // namespace

void SwapRows(const std::string& path, const std::string& table) {
  OnlyPage page(path, table);
  const std::string first = page.Place(0);
  page.SetPlace(0, page.Place(1));
  page.SetPlace(1, first);
}

void LoseRow(const std::string& path, const std::string& table) {
  OnlyPage(path, table).SetPlace(0, "\xff\xf0");
}

}  // namespace ofsweep
