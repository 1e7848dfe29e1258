#include "monitoring/metric_families.h"

#include <sstream>
#include <utility>

#include <prometheus/text_serializer.h>

namespace ofsweep {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily GaugeFamily(const std::string& name, const std::string& help) {
  return {.name = "ofsweep_" + name, .help = help, .type = MetricType::Gauge, .metric = {}};
}

MetricFamily CounterFamily(const std::string& name, const std::string& help) {
  return {.name = "ofsweep_" + name, .help = help, .type = MetricType::Counter, .metric = {}};
}

void AddSeries(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
}

std::string ToExposition(std::vector<MetricFamily> families) {
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace ofsweep
