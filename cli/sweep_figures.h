#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/connection.h"
#include "cli/plotted_metric.h"
#include "cli/trial_groups.h"
#include "figures/curve_figure.h"
#include "figures/layer_figure.h"
#include "figures/scatter_figure.h"
#include "storage/store.h"

namespace ofsweep {

// What the figures of a sweep show, read from its coordinator or its database.

// What curves are drawn over: the step, or a metric that says how far a trial was at each step.
enum class CurveAxis { kStep, kTokens, kSeconds };

// Of the metric; "" of the step, which is none.
std::string MetricOf(CurveAxis axis);

// How far each group was, by step, as the mean of its trials; nothing for the step.
using GroupClocks = std::map<FigurePlace, Curve>;
absl::StatusOr<GroupClocks> ReadClocks(const Connection& connection, const std::string& sweep, CurveAxis axis,
                                       const TrialGroups& groups);

// Means over the trials of each group, step by step; of several layers the largest or the mean is taken trial by trial
// before, as in tables. Each step stands where the clock of its group is then, as on the page; a group without one is
// left out.
absl::StatusOr<CurveFigure> ReadCurveFigure(const Connection& connection, const std::string& sweep,
                                            const MetricColumn& metric, const TrialGroups& groups,
                                            CurveAxis axis = CurveAxis::kStep, const GroupClocks& clocks = {});

// A map a group, of the means over its trials: geometric ones where the metric has a logarithmic axis.
absl::StatusOr<LayerFigure> ReadLayerFigure(const Connection& connection, const std::string& sweep,
                                            const MetricColumn& metric, const TrialGroups& groups);

// A dot a trial that is completed or has diverged.
struct ResultDots {
  ScatterFigure figure;
  std::size_t without_outcome = 0;  // trials of the groups that are neither
  std::size_t without_place = 0;    // trials that have one, and no place on the axes
};
ResultDots MakeScatterFigure(const std::vector<v1::Trial>& trials, const PlottedResult& x, const PlottedResult& y,
                             const TrialGroups& groups);

}  // namespace ofsweep
