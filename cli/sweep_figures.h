#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/connection.h"
#include "cli/plotted_metric.h"
#include "cli/trial_groups.h"
#include "figures/curve_figure.h"
#include "figures/layer_figure.h"
#include "figures/scatter_figure.h"

namespace ofsweep {

// What the figures of a sweep show, read from its coordinator or its database.

// Means over the trials of each group, step by step; of several layers the largest or the mean is taken trial by trial
// before, as in tables.
absl::StatusOr<CurveFigure> ReadCurveFigure(const Connection& connection, const std::string& sweep,
                                            const MetricColumn& metric, const TrialGroups& groups);

// A map a group, of the means over its trials.
absl::StatusOr<LayerFigure> ReadLayerFigure(const Connection& connection, const std::string& sweep,
                                            const MetricColumn& metric, const TrialGroups& groups);

struct ResultDots {
  ScatterFigure figure;
  std::size_t left_out = 0;  // trials with an outcome, or some results, that have no place on the axes
};
ResultDots MakeScatterFigure(const std::vector<v1::Trial>& trials, const PlottedResult& x, const PlottedResult& y,
                             const TrialGroups& groups);

}  // namespace ofsweep
