#include "monitoring/metric_families.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "monitoring/process_metrics.h"

namespace ofsweep {
namespace {

TEST(MetricFamilies, AreTheTextThatPrometheusReads) {
  prometheus::MetricFamily gauge = GaugeFamily("things", "Things.");
  AddSeries(gauge, {{"kind", "a \"b\""}}, 2.5);
  prometheus::MetricFamily counter = CounterFamily("events_total", "Events.");
  AddSeries(counter, {}, 3);
  EXPECT_EQ(ToExposition({gauge, GaugeFamily("nothing", "Without a series."), counter}),
            "# HELP ofsweep_things Things.\n"
            "# TYPE ofsweep_things gauge\n"
            "ofsweep_things{kind=\"a \\\"b\\\"\"} 2.5\n"
            "# HELP ofsweep_events_total Events.\n"
            "# TYPE ofsweep_events_total counter\n"
            "ofsweep_events_total 3\n");
}

double ValueOf(const std::vector<prometheus::MetricFamily>& families, const std::string& name) {
  for (const auto& family : families) {
    if (family.name != name) continue;
    const auto& metric = family.metric.at(0);
    return family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(ProcessMetrics, TellWhatThisProcessUses) {
  std::vector<prometheus::MetricFamily> families;
  AppendProcessMetrics(families);
  EXPECT_GT(ValueOf(families, "process_cpu_seconds_total"), 0);
  EXPECT_GT(ValueOf(families, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(ValueOf(families, "process_open_fds"), 3);
  EXPECT_GE(ValueOf(families, "process_max_fds"), ValueOf(families, "process_open_fds"));
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LE(ValueOf(families, "process_start_time_seconds"), now);
}

}  // namespace
}  // namespace ofsweep
