#include "cli/unanswered_names.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(UnansweredNames, AreThoseThatNoCurveHad) {
  v1::QueryCurvesRequest query;
  query.add_metrics("kurtosis");
  query.add_metrics("mmr");
  query.add_sites("block");
  query.add_layers(0);
  query.add_layers(9);
  UnansweredNames names(query);
  v1::Curve curve;
  curve.set_metric("kurtosis");
  curve.set_site("block");
  curve.set_layer(0);
  names.Note(curve);
  EXPECT_EQ(names.Text(), "metric mmr, layer 9");
  curve.set_metric("mmr");
  curve.set_layer(9);
  names.Note(curve);
  EXPECT_EQ(names.Text(), "");
}

}  // namespace
}  // namespace ofsweep
