#include "figures/panel_grid.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(PanelGrid, TakesFurtherRowsWherePanelsWouldBeTooNarrow) {
  const PanelGrid grid(6, 400, 0.7, {.left = 30, .right = 6, .bottom = 20, .title = 12});
  EXPECT_EQ(grid.BoxOf(0).top, grid.BoxOf(2).top);
  EXPECT_GT(grid.BoxOf(3).top, grid.BoxOf(0).bottom());
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_GE(grid.BoxOf(i).left, 30);
    EXPECT_LE(grid.BoxOf(i).right(), 394 + 1e-9);
    EXPECT_LE(grid.BoxOf(i).bottom(), grid.height() - 20 + 1e-9);
  }
}

TEST(PanelGrid, NumbersStandAtTheEdges) {
  const PanelGrid grid(5, 400, 0.7, {});
  EXPECT_TRUE(grid.IsFirstOfRow(0));
  EXPECT_FALSE(grid.IsFirstOfRow(1));
  EXPECT_FALSE(grid.IsLowest(0));
  EXPECT_TRUE(grid.IsLowest(2)) << "nothing stands below the last of an upper row";
  EXPECT_TRUE(grid.IsLowest(4));
}

}  // namespace
}  // namespace ofsweep
