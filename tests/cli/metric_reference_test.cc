#include "cli/metric_reference.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "experiment/metric_table.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;

TEST(MetricReference, EveryFormatNamesEveryMetric) {
  for (ReferenceFormat format : {ReferenceFormat::kText, ReferenceFormat::kMarkdown, ReferenceFormat::kJson}) {
    const std::string text = *RenderMetrics(format);
    for (const Metric& metric : Metrics()) EXPECT_THAT(text, HasSubstr(std::string(metric.name)));
  }
  EXPECT_FALSE(RenderMetrics(ReferenceFormat::kYaml).ok());
}

TEST(MetricReference, JsonHasWhatAPlotNeeds) {
  for (const auto& metric : nlohmann::json::parse(*RenderMetrics(ReferenceFormat::kJson))) {
    if (metric["name"] != "kurtosis") continue;
    EXPECT_EQ(metric["log_axis"], true);
    EXPECT_EQ(metric["better"], "lower");
    EXPECT_EQ(metric["sites"], (nlohmann::json{"embedding", "block", "residual", "final_norm"}));
    return;
  }
  FAIL() << "kurtosis is missing";
}

TEST(MetricReference, TheCommittedPageIsUpToDate) {
  std::ifstream page(OFSWEEP_SOURCE_DIR "/docs/trial-metrics.md");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_TRUE(text.str() == *RenderMetrics(ReferenceFormat::kMarkdown))
      << "mend with: ofsweep spec --metrics --format markdown > docs/trial-metrics.md";
}

}  // namespace
}  // namespace ofsweep
