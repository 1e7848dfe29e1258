#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace ofsweep {

// What this process uses, under the names that Prometheus' own client libraries give it: process_cpu_seconds_total,
// process_resident_memory_bytes, process_open_fds, process_max_fds, process_start_time_seconds. Its children are not in
// it.
void AppendProcessMetrics(std::vector<prometheus::MetricFamily>& families);

}  // namespace ofsweep
