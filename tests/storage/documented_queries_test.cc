// The queries of docs/sql.md, as they stand there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <utility>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

// The statements between ```sql and ```.
std::vector<std::string> DocumentedQueries() {
  std::ifstream file(OFSWEEP_SOURCE_DIR "/docs/sql.md");
  std::vector<std::string> queries;
  std::string query;
  bool in_sql = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      in_sql = line == "```sql";
    } else if (in_sql) {
      query += line + "\n";
      if (line.ends_with(";")) queries.push_back(std::exchange(query, ""));
    }
  }
  return queries;
}

class DocumentedQueriesTest : public testing::Test {
 protected:
  void SetUp() override {
    InsertTrials(*store_, "quickstart",
                 {MakeTrial("a0"), MakeTrial("a1", "op", "adam", 1e-3, 1), MakeTrial("b0", "pre_norm")});
    double kurtosis = 2;
    for (const char* trial : {"a0", "a1", "b0"}) {
      const auto block = [](int layer, double value) { return MetricPoint{{"kurtosis", layer, "block"}, value}; };
      Must(store_->AppendPoints({trial}, 0, ColumnsOf({MakeStep(10, {block(0, 1), block(1, kurtosis)})})).get());
      SetState(*store_, trial, TrialState::kCompleted);
      kurtosis *= 2;
    }
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
  std::unique_ptr<Store> store_ = OpenStore(path_);
};

TEST_F(DocumentedQueriesTest, AllRun) {
  ASSERT_GE(DocumentedQueries().size(), 5u);
  for (const std::string& query : DocumentedQueries()) EXPECT_NO_THROW(Sql(path_, query)) << query;
}

TEST_F(DocumentedQueriesTest, TheGrowthOfAnArmIsTheMeanOverItsSeeds) {
  EXPECT_THAT(Sql(path_, DocumentedQueries().at(0)),
              testing::ElementsAre("model.block=op optimizer.name=adam optimizer.learning_rate=0.001|10|3.0|2",
                                   "model.block=pre_norm optimizer.name=adam optimizer.learning_rate=0.001|10|8.0|1"));
}

}  // namespace
}  // namespace ofsweep
