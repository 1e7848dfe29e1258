#include "cli/unused_data_sets.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UnusedDataSets : public testing::Test {
 protected:
  fs::path Make(const std::string& name, std::chrono::hours unused) const {
    const fs::path folder = folder_.File(name);
    fs::create_directory(folder);
    std::ofstream(folder / "tokens.bin") << std::string(1000, 'x');
    fs::last_write_time(folder, now_ - unused);
    return folder;
  }

  std::vector<std::string> Names(std::chrono::hours unused) const {
    std::vector<std::string> names;
    for (const UnusedDataSet& one : FindUnusedDataSets(folder_.path(), now_ - unused)) {
      names.push_back(one.folder.filename().string());
      EXPECT_EQ(one.bytes, 1000u);
    }
    return names;
  }

  TemporaryFolder folder_;
  const fs::file_time_type now_ = fs::file_time_type::clock::now();
};

TEST_F(UnusedDataSets, AreThoseThatNoTrialHasOpenedForSoLong) {
  Make("week", std::chrono::hours(168));
  Make("month", std::chrono::hours(720));
  Make("now", std::chrono::hours(0));
  const std::ofstream lock(folder_.File("month.lock"));
  EXPECT_THAT(Names(std::chrono::hours(24)), ElementsAre("month", "week"));
  EXPECT_THAT(Names(std::chrono::hours(1000)), IsEmpty());
  EXPECT_THAT(FindUnusedDataSets(folder_.path() / "nowhere", now_), IsEmpty());
}

TEST_F(UnusedDataSets, OneThatIsOpenedMeanwhileStays) {
  const fs::path old = Make("old", std::chrono::hours(720));
  const auto used_before = now_ - std::chrono::hours(24);
  const std::vector<UnusedDataSet> unused = FindUnusedDataSets(folder_.path(), used_before);
  ASSERT_EQ(unused.size(), 1u);
  fs::last_write_time(old, now_);
  EXPECT_FALSE(RemoveUnused(unused[0], used_before));
  EXPECT_TRUE(fs::exists(old / "tokens.bin"));
  fs::last_write_time(old, now_ - std::chrono::hours(720));
  EXPECT_TRUE(RemoveUnused(unused[0], used_before));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

}  // namespace
}  // namespace ofsweep
