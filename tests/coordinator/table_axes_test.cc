#include "coordinator/table_axes.h"

#include <gmock/gmock.h>

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

SweepSpec SpecOf(const std::string& varied) {
  std::vector<Problem> problems;
  SweepSpec spec = ParseSweepSpec("name: x\n" + varied, "x.yaml", problems);
  EXPECT_THAT(problems, IsEmpty());
  return spec;
}

TableAxes AxesOf(const std::string& varied) {
  return ChooseTableAxes({SpecOf(varied)});
}

TEST(TableAxes, BlocksAreRowsAndOptimisersColumnsInWhateverOrderTheGridNamesThem) {
  const TableAxes axes = AxesOf("grid: {optimizer.name: [adam, soap], seed: [0, 1], model.block: [op, pre_norm]}");
  EXPECT_THAT(axes.rows, ElementsAre("model.block"));
  EXPECT_THAT(axes.cols, ElementsAre("optimizer.name"));
}

TEST(TableAxes, FurtherKeysBecomeRows) {
  const TableAxes axes = AxesOf(
      "grid: {model.block: [op, pre_norm], optimizer.learning_rate: [1e-3, 3e-3], optimizer.name: [adam, soap]}");
  EXPECT_THAT(axes.rows, ElementsAre("model.block", "optimizer.learning_rate"));
  EXPECT_THAT(axes.cols, ElementsAre("optimizer.name"));
}

TEST(TableAxes, OtherSweepsHaveTheirFirstKeyAsRowsAndTheSecondAsColumns) {
  const TableAxes axes = AxesOf("grid: {model.norm: [layer_norm, rms_norm], model.bias: [none, qk]}");
  EXPECT_THAT(axes.rows, ElementsAre("model.norm"));
  EXPECT_THAT(axes.cols, ElementsAre("model.bias"));
  EXPECT_THAT(AxesOf("grid: {model.norm: [layer_norm, rms_norm]}").cols, IsEmpty());
  EXPECT_THAT(AxesOf("grid: {optimizer.name: [adam, soap]}").rows, ElementsAre("optimizer.name"));
}

TEST(TableAxes, OfKeysThatAdvanceTogetherOneStandsForAll) {
  const TableAxes axes = AxesOf(
      "grid: {model.block: [op, pre_norm]}\n"
      "zip: [{optimizer.learning_rate: [1e-3, 3e-3], optimizer.name: [adam, soap]}]");
  EXPECT_THAT(axes.rows, ElementsAre("model.block"));
  EXPECT_THAT(axes.cols, ElementsAre("optimizer.name"));
}

TEST(TableAxes, PooledKeysAreNoAxis) {
  const SweepSpec spec = SpecOf(
      "grid: {model.block: [op, pre_norm], optimizer.learning_rate: [1e-3, 3e-3], optimizer.name: [adam, soap]}");
  const auto axes = [&spec](const AxesWish& wish) { return ChooseTableAxes({spec}, wish); };
  const TableAxes two = axes({.pool = {"optimizer.learning_rate"}});
  EXPECT_THAT(two.rows, ElementsAre("model.block"));
  EXPECT_THAT(two.cols, ElementsAre("optimizer.name"));
  const TableAxes one = axes({.pool = {"optimizer.learning_rate", "optimizer.name"}});
  EXPECT_THAT(one.rows, ElementsAre("model.block"));
  EXPECT_THAT(one.cols, IsEmpty());
  const TableAxes none = axes({.pool = {"optimizer.learning_rate", "optimizer.name", "model.block"}});
  EXPECT_THAT(none.rows, ElementsAre(Not("model.block")));
  EXPECT_THAT(none.cols, IsEmpty());
  const TableAxes rows_given = axes({.rows = {{"model.block"}}, .pool = {"optimizer.learning_rate", "optimizer.name"}});
  EXPECT_THAT(rows_given.rows, ElementsAre("model.block"));
  EXPECT_THAT(rows_given.cols, IsEmpty());
  const TableAxes cols_given = axes({.cols = {{"optimizer.name"}}, .pool = {"optimizer.learning_rate"}});
  EXPECT_THAT(cols_given.rows, ElementsAre("model.block"));
  EXPECT_THAT(cols_given.cols, ElementsAre("optimizer.name"));
}

TEST(TableAxes, ASweepOfSeedsAloneIsOneRow) {
  const TableAxes axes = AxesOf("grid: {seed: [0, 1, 2], model.block: [op]}");
  EXPECT_THAT(axes.rows, ElementsAre("model.block"));
  EXPECT_THAT(axes.cols, IsEmpty());
}

TEST(TableAxes, SeveralSweepsAreToldApartByWhatTheyVaryOrSet) {
  const auto axes = [](const std::string& first, const std::string& second) {
    return ChooseTableAxes({SpecOf(first), SpecOf(second)});
  };
  const TableAxes steps = axes("trial: {train.steps: 100}\ngrid: {model.block: [op, pre_norm]}",
                               "trial: {train.steps: 200}\ngrid: {model.block: [op, post_norm]}");
  EXPECT_THAT(steps.rows, ElementsAre("model.block"));
  EXPECT_THAT(steps.cols, ElementsAre("train.steps"));
  const TableAxes one_block = axes("trial: {train.steps: 100}\ngrid: {model.block: [op, pre_norm]}",
                                   "trial: {train.steps: 200}\ngrid: {model.block: [op]}");
  EXPECT_THAT(one_block.rows, ElementsAre("model.block"));
  EXPECT_THAT(one_block.cols, ElementsAre("train.steps")) << "the block is no mark of a sweep where one varies it";
  const TableAxes blocks = axes("grid: {model.block: [op], seed: [0, 1]}", "grid: {model.block: [pre_norm]}");
  EXPECT_THAT(blocks.rows, ElementsAre("model.block"));
  const TableAxes defaults =
      axes("trial: {optimizer.name: adam}\ngrid: {model.block: [op, pre_norm]}", "grid: {model.block: [post_norm]}");
  EXPECT_THAT(defaults.rows, ElementsAre("model.block"));
  EXPECT_THAT(defaults.cols, IsEmpty()) << "Adam is the default";
}

// As the coordinator keeps it: without the file that its paths are relative to.
TEST(TableAxes, RelativePathsOfAStoredSweepAreAnAxis) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec("name: x\ngrid: {data.path: [a.txt, b.txt]}\n", "", problems);
  EXPECT_THAT(ChooseTableAxes({spec}).rows, ElementsAre("data.path"));
}

}  // namespace
}  // namespace ofsweep
