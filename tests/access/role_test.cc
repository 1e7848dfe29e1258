#include "access/role.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace ofsweep {
namespace {

constexpr Role kAll[] = {Role::kScrape, Role::kRead, Role::kSubmit, Role::kWork, Role::kProvision, Role::kAdmin};

TEST(RoleTest, AnAdminMayDoEverythingAndTheOthersWhatTheirNameSays) {
  const std::set<std::pair<Role, Role>> beyond_its_own = {
      {Role::kSubmit, Role::kRead}, {Role::kSubmit, Role::kScrape}, {Role::kRead, Role::kScrape}};
  for (const Role held : kAll) {
    for (const Role needed : kAll) {
      const bool expected = held == needed || held == Role::kAdmin || beyond_its_own.contains({held, needed});
      EXPECT_EQ(Holds(held, needed), expected) << RoleName(held) << " for " << RoleName(needed);
    }
  }
}

TEST(RoleTest, NamesAreReadBack) {
  for (const Role role : kAll) EXPECT_EQ(ParseRole(RoleName(role)), role);
  EXPECT_EQ(ParseRole("root"), std::nullopt);
  EXPECT_EQ(ParseRole(""), std::nullopt);
}

}  // namespace
}  // namespace ofsweep
