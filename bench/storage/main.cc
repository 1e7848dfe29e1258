// bench_storage: interleaves the repetitions, and ends with the ratios that PERFORMANCE goals are stated in.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace {

class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto rate = run.counters.find("points/s");
      if (run.aggregate_name == "median" && rate != run.counters.end())
        medians_[run.run_name.function_name] = rate->second;
    }
  }

  void PrintRatio(const std::string& synchronous) const {
    const auto raw = medians_.find("Raw/" + synchronous);
    const auto ours = medians_.find("Append/" + synchronous);
    if (raw == medians_.end() || ours == medians_.end()) return;
    std::printf("%s: store %.0f points/s, raw SQLite %.0f points/s, ratio %.2f\n", synchronous.c_str(), ours->second,
                raw->second, ours->second / raw->second);
  }

 private:
  std::map<std::string, double> medians_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, interleave.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.PrintRatio("FULL");
  reporter.PrintRatio("NORMAL");
  return 0;
}
