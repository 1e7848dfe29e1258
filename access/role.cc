#include "access/role.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ofsweep {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 6> kNames = {{{Role::kScrape, "scrape"},
                                                                      {Role::kRead, "read"},
                                                                      {Role::kSubmit, "submit"},
                                                                      {Role::kWork, "work"},
                                                                      {Role::kProvision, "provision"},
                                                                      {Role::kAdmin, "admin"}}};

}  // namespace

std::string_view RoleName(Role role) {
  return std::find_if(kNames.begin(), kNames.end(), [role](const auto& row) { return row.first == role; })->second;
}

std::optional<Role> ParseRole(std::string_view name) {
  const auto* row = std::find_if(kNames.begin(), kNames.end(), [name](const auto& row) { return row.second == name; });
  if (row == kNames.end()) return std::nullopt;
  return row->first;
}

std::string RoleNames() {
  std::string all;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    all += i == 0 ? "" : i + 1 == kNames.size() ? " or " : ", ";
    all += kNames[i].second;
  }
  return all;
}

bool Holds(Role held, Role needed) {
  if (held == needed || held == Role::kAdmin) return true;
  if (held == Role::kSubmit) return needed == Role::kRead || needed == Role::kScrape;
  return held == Role::kRead && needed == Role::kScrape;
}

}  // namespace ofsweep
