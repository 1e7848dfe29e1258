#pragma once

#include <string>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

namespace ofsweep {

// Metrics that are read when Prometheus scrapes, rather than kept in a registry. Names without the prefix `ofsweep_`.
prometheus::MetricFamily GaugeFamily(const std::string& name, const std::string& help);
prometheus::MetricFamily CounterFamily(const std::string& name, const std::string& help);

void AddSeries(prometheus::MetricFamily& family, std::vector<prometheus::ClientMetric::Label> labels, double value);

// The text exposition (format 0.0.4). Families without a series are left out.
std::string ToExposition(std::vector<prometheus::MetricFamily> families);

inline constexpr const char* kExpositionContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace ofsweep
