#include "trainer/step_timer.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "experiment/memory_estimate.h"
#include "trainer/clip.h"
#include "trainer/decoder.h"
#include "trainer/device_memory.h"
#include "trainer/memory_meter.h"
#include "trainer/optimizer.h"

namespace ofsweep {
namespace {

constexpr double kEnoughSeconds = 0.3;
constexpr int kPasses = 3;
constexpr int kAdamUpdates = 3;
constexpr std::int64_t kMostSoapUpdates = 30;

// A model in training whose every batch is new random tokens.
class Steps {
 public:
  Steps(const TrialConfig& config, const Machine& machine)
      : config_(config),
        machine_(machine),
        decoder_(ModelShapeOf(config), 0, machine.precision, machine.device),
        optimizer_(MakeOptimizer(config, decoder_.Parameters())) {}

  void ForgetGradients() { decoder_.ZeroGradients(); }

  double Pass(std::int64_t rows) {
    return SecondsOf([&] { decoder_.Loss(Tokens(rows), Tokens(rows)).backward(); });
  }

  double Update() {
    return SecondsOf([&] {
      ClipGradientNorm(decoder_.Parameters(), config_.Number("train.clip_norm"));
      optimizer_->Step(config_.Number("optimizer.learning_rate"));
    });
  }

 private:
  at::Tensor Tokens(std::int64_t rows) {
    return at::randint(decoder_.Shape().vocabulary, {rows, decoder_.Shape().context},
                       at::TensorOptions(machine_.device).dtype(at::kLong));
  }

  // Reading one value waits until the device has done all that came before.
  double SecondsOf(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    decoder_.Parameters()[0].tensor.detach().flatten()[0].item<double>();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  const TrialConfig& config_;
  const Machine& machine_;
  Decoder decoder_;
  std::unique_ptr<Optimizer> optimizer_;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<double> Passes(Steps& steps, std::int64_t rows, bool accumulate) {
  std::vector<double> seconds;
  for (int pass = 0; pass < kPasses; ++pass) {
    if (!accumulate) steps.ForgetGradients();
    seconds.push_back(steps.Pass(rows));
  }
  return seconds;
}

// The most rows, a power of two, whose pass is short; at least one. The quickest of several passes decides: the first
// of a process is slower, and other processes may be in the way.
std::int64_t RowsThatAreQuick(Steps& steps, std::int64_t most) {
  std::int64_t rows = 1;
  while (rows < most) {
    const std::vector<double> seconds = Passes(steps, rows, true);
    if (*std::min_element(seconds.begin(), seconds.end()) > kEnoughSeconds / 2) break;
    rows = std::min(2 * rows, most);
  }
  return rows;
}

}  // namespace

StepTiming TimeSteps(const TrialConfig& config, const Machine& machine, std::int64_t rows) {
  const std::int64_t batch_size = config.Integer("train.batch_size");
  MemoryMeter meter(machine.device);
  Steps steps(config, machine);
  StepTiming timing{.device = config.Text("train.device"),
                    .precision = config.Text("train.precision"),
                    .threads = config.Integer("train.threads")};
  timing.rows = rows > 0 ? rows : RowsThatAreQuick(steps, config.Integer("train.micro_batch_size"));

  // From here on as a training step goes: gradients of a micro-batch, of a second one on top where there are several.
  steps.ForgetGradients();
  meter.ResetPeak();
  timing.pass_seconds = Median(Passes(steps, timing.rows, timing.rows < batch_size));

  const bool soap = config.Text("optimizer.name") == "soap";
  const std::int64_t updates =
      soap ? std::min(config.Integer("optimizer.refresh_every"), kMostSoapUpdates) : kAdamUpdates;
  steps.Update();  // SOAP's first one only learns its bases
  for (std::int64_t update = 0; update < updates; ++update) {
    timing.optimizer_seconds += steps.Update() / static_cast<double>(updates);
  }
  timing.step_seconds = timing.pass_seconds * static_cast<double>(batch_size) / static_cast<double>(timing.rows) +
                        timing.optimizer_seconds;
  timing.peak_bytes = meter.PeakBytes();
  timing.estimated_peak_bytes = static_cast<std::int64_t>(EstimateMemory(config, timing.rows).step);
  timing.device_bytes = static_cast<std::int64_t>(DeviceMemoryBytes(machine.device));
  return timing;
}

}  // namespace ofsweep
