// bench_statistics [ROUNDS]: what measuring costs a training step of nano (4 layers × 192, context 64, fp32, two
// threads) at batches of 8 and 16 sequences.
//
// Steps that measure and steps that do not take turns (A B B A), so that both meet the same noise; a round is the ratio
// of their medians, and the median of the rounds is what the last lines say. Times are the CPU time of the process,
// whose threads sleep while they wait: on a machine that others use it is far steadier than the clock on the wall,
// whose medians stand beside it. The cost of `all` every 100 steps is that of one measured step, spread over 100.

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "experiment/trainer_event.h"
#include "experiment/trial_config.h"
#include "trainer/clip.h"
#include "trainer/decoder.h"
#include "trainer/optimizer.h"
#include "trainer/statistics.h"

namespace ofsweep {
namespace {

struct Seconds {
  double cpu = 0;
  double wall = 0;
};

Seconds Now() {
  const auto read = [](clockid_t clock) {
    timespec time;
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  return {read(CLOCK_PROCESS_CPUTIME_ID), read(CLOCK_MONOTONIC)};
}

class NanoTraining {
 public:
  explicit NanoTraining(std::int64_t batch_size)
      : config_(Config()),
        decoder_(ModelShapeOf(config_), 0, at::kFloat, at::kCPU),
        optimizer_(MakeOptimizer(config_, decoder_.Parameters())),
        tokens_(at::randint(decoder_.Shape().vocabulary, {batch_size, decoder_.Shape().context + 1}, at::kLong)),
        inputs_(tokens_.narrow(1, 0, decoder_.Shape().context).contiguous()),
        targets_(tokens_.narrow(1, 1, decoder_.Shape().context).contiguous()) {}

  // One step as the trainer makes it, with the line that it prints; no metrics: one that does not measure.
  Seconds Step(const std::vector<std::string>& metrics) {
    const Seconds start = Now();
    StatisticsTap tap(metrics);
    decoder_.ZeroGradients();
    const at::Tensor loss = decoder_.Loss(inputs_, targets_, metrics.empty() ? nullptr : &tap);
    loss.backward();
    ClipGradientNorm(decoder_.Parameters(), config_.Number("train.clip_norm"));
    optimizer_->Step(config_.Number("optimizer.learning_rate"));
    if (tap.WantsUpdate()) {
      const at::NoGradGuard no_gradients;
      tap.ModelIsUpdated();
      decoder_.Hidden(inputs_, &tap);
    }
    if (!metrics.empty()) printed_ += ToJsonLine(PointsEvent{{.points = tap.Finish()}}).size();
    const Seconds end = Now();
    return {end.cpu - start.cpu, end.wall - start.wall};
  }

 private:
  static TrialConfig Config() {
    TrialConfig config = TrialConfig::FromOverrides({{"model.vocabulary", std::int64_t{2048}}});
    ResolveAuto(config);
    return config;
  }

  TrialConfig config_;
  Decoder decoder_;
  std::unique_ptr<Optimizer> optimizer_;
  at::Tensor tokens_, inputs_, targets_;
  std::size_t printed_ = 0;
};

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// How much longer a step is that measures, in per cent of one that does not. A round has `steps` of each.
Seconds Cost(NanoTraining& training, const std::vector<std::string>& metrics, int rounds, int steps) {
  std::vector<double> cpu, wall;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> off_cpu, off_wall, on_cpu, on_wall;
    for (int i = 0; i < 2 * steps; ++i) {
      const bool measured = i % 4 == 1 || i % 4 == 2;
      const Seconds seconds = training.Step(measured ? metrics : std::vector<std::string>());
      (measured ? on_cpu : off_cpu).push_back(seconds.cpu);
      (measured ? on_wall : off_wall).push_back(seconds.wall);
    }
    cpu.push_back(100 * (Median(on_cpu) / Median(off_cpu) - 1));
    wall.push_back(100 * (Median(on_wall) / Median(off_wall) - 1));
    std::printf("  round %d: step %.2f ms CPU, %.2f ms wall; measuring adds %.2f %% CPU, %.2f %% wall\n", round,
                1e3 * Median(off_cpu), 1e3 * Median(off_wall), cpu.back(), wall.back());
    std::fflush(stdout);
  }
  return {Median(cpu), Median(wall)};
}

void Run(int rounds) {
  at::set_num_threads(2);
  std::string report;
  for (const std::int64_t batch_size : {8, 16}) {
    NanoTraining training(batch_size);
    for (int step = 0; step < 20; ++step) training.Step({});  // warm up
    std::printf("batch %d, kurtosis, rms and max_abs\n", static_cast<int>(batch_size));
    const Seconds cheap = Cost(training, {"kurtosis", "rms", "max_abs"}, rounds, 40);
    std::printf("batch %d, all metrics\n", static_cast<int>(batch_size));
    const Seconds all = Cost(training, {"all"}, rounds, 10);
    char line[400];
    std::snprintf(line, sizeof line,
                  "batch %d: [kurtosis, rms, max_abs] every step: %.2f %% of a step (wall: %.2f %%)\n"
                  "batch %d: all every 100 steps: %.3f %% of the training (wall: %.3f %%)\n",
                  static_cast<int>(batch_size), cheap.cpu, cheap.wall, static_cast<int>(batch_size), all.cpu / 100,
                  all.wall / 100);
    report += line;
  }
  std::fputs(report.c_str(), stdout);
}

}  // namespace
}  // namespace ofsweep

int main(int argc, char** argv) {
  ofsweep::Run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 9);
  return 0;
}
