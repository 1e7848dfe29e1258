// Whole views, of one state of the database.
#include "storage/view_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::ElementsAre;

class ViewReaderTest : public testing::Test {
 protected:
  using Row = std::map<std::string, ViewValue>;

  static const ReadableView& Named(std::string_view name) {
    return *std::find_if(kReadableViews.begin(), kReadableViews.end(),
                         [name](const ReadableView& view) { return view.name == name; });
  }
  static std::vector<Row> Rows(ViewReader& reader, std::string_view name) {
    const ReadableView& view = Named(name);
    const auto columns = Must(reader.Columns(view));
    std::vector<Row> rows;
    const absl::Status read = reader.Visit(
        view,
        [&](std::span<const ViewValue> values) {
          Row& row = rows.emplace_back();
          for (std::size_t i = 0; i < values.size(); ++i) row[columns.at(i)] = values[i];
          return absl::OkStatus();
        },
        [](std::size_t done, std::size_t all) { EXPECT_LT(done, all); });
    EXPECT_TRUE(read.ok()) << read;
    return rows;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("ofsweep.db");
};

TEST_F(ViewReaderTest, EveryViewOfTheContractIsThere) {
  OpenStore(path_);
  const auto views = Sql(path_, "SELECT name FROM sqlite_schema WHERE type = 'view'");
  // Who did what is no result, and not to be published with any.
  std::set<std::string> readable = {"audit"};
  for (const ReadableView& view : kReadableViews) readable.emplace(view.name);
  EXPECT_EQ(std::set<std::string>(views.begin(), views.end()), readable);
}

TEST_F(ViewReaderTest, HasAsManyRowsAsTheViewsAndNumbersAsTheyAreStored) {
  const auto store = OpenStore(path_);
  InsertTrials(*store, "a", {MakeTrial("t0"), MakeTrial("t1")});
  InsertTrials(*store, "b", {MakeTrial("t1"), MakeTrial("t2")});
  Must(store
           ->AppendPoints({"t1"}, 0,
                          ColumnsOf({MakeStep(0, {{{"train_loss"}, 0.1 + 0.2}, {{"rms", 0, "block"}, NAN}}),
                                     MakeStep(1, {{{"train_loss"}, INFINITY}})}))
           .get());
  const auto reader = Must(ViewReader::Open(path_, {}));
  for (const ReadableView& view : kReadableViews) {
    const std::string name(view.name);
    EXPECT_EQ(std::to_string(Rows(*reader, name).size()), Sql(path_, "SELECT count(*) FROM " + name).at(0)) << name;
  }
  std::map<std::string, double> values;
  for (Row& row : Rows(*reader, "curves")) {
    const std::string name = std::get<std::string>(row["metric"]) + std::to_string(std::get<std::int64_t>(row["step"]));
    values[name] = std::get<double>(row["value"]);
  }
  EXPECT_EQ(values["train_loss0"], 0.1 + 0.2);
  EXPECT_EQ(values["train_loss1"], INFINITY);
  EXPECT_TRUE(std::isnan(values["rms0"]));
}

TEST_F(ViewReaderTest, ReadsTheSweepsThatAreNamedAndTheirTrials) {
  const auto store = OpenStore(path_);
  InsertTrials(*store, "a", {MakeTrial("t0"), MakeTrial("t1")});
  InsertTrials(*store, "b", {MakeTrial("t1"), MakeTrial("t2")});
  for (const char* trial : {"t0", "t1", "t2"}) {
    Must(store->AppendPoints({trial}, 0, ColumnsOf({MakeStep(0, {{{"train_loss"}, 1}})})).get());
  }
  const auto reader = Must(ViewReader::Open(path_, {"b"}));
  EXPECT_EQ(Rows(*reader, "results").size(), 2u);
  std::set<std::string> trials;
  for (Row& row : Rows(*reader, "curves")) trials.insert(std::get<std::string>(row["trial_id"]));
  EXPECT_THAT(trials, ElementsAre("t1", "t2"));
  EXPECT_EQ(ViewReader::Open(path_, {"b", "c"}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ViewReaderTest, WhatIsWrittenMeanwhileIsNotSeen) {
  const auto store = OpenStore(path_);
  InsertTrials(*store, "a", {MakeTrial("t0")});
  const auto reader = Must(ViewReader::Open(path_, {}));
  Must(store->AppendPoints({"t0"}, 0, ColumnsOf({MakeStep(0, {{{"train_loss"}, 1}})})).get());
  EXPECT_TRUE(Rows(*reader, "curves").empty());
  EXPECT_FALSE(Rows(*Must(ViewReader::Open(path_, {})), "curves").empty());
}

TEST_F(ViewReaderTest, AnErrorOfWhoReadsEndsIt) {
  InsertTrials(*OpenStore(path_), "a", {MakeTrial("t0"), MakeTrial("t1")});
  const auto reader = Must(ViewReader::Open(path_, {}));
  int rows = 0;
  const absl::Status read = reader->Visit(
      Named("results"),
      [&](std::span<const ViewValue>) {
        ++rows;
        return absl::ResourceExhaustedError("full");
      },
      [](std::size_t, std::size_t) {});
  EXPECT_EQ(read.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(rows, 1);
}

}  // namespace
}  // namespace ofsweep
