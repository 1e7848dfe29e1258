#include "trainer/int8_events.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "trainer/evaluation.h"
#include "trainer/log.h"

namespace ofsweep {
namespace {

bool IsActivationPlace(std::string_view place) {
  return !IsWeightPlace(place);
}

SensitivityEvent EventOf(const PlaceLoss& found, std::int64_t step) {
  const double perplexity = std::exp(found.loss);
  return {.step = step,
          .place = found.place,
          .loss = found.loss,
          .perplexity = perplexity,
          .increase = perplexity - std::exp(found.full_precision_loss)};
}

// A model that breaks altogether (NaN) is the worst that can happen.
bool IsWorse(const std::pair<std::string, double>& a, const std::pair<std::string, double>& b) {
  const auto badness = [](double increase) {
    return std::isnan(increase) ? std::numeric_limits<double>::infinity() : increase;
  };
  return badness(a.second) > badness(b.second);
}

}  // namespace

void EmitInt8(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
              StepPoints evaluation, EventOutput& events) {
  const Int8Evaluation all = *EvaluateInt8(config, dataset, device, decoder, evaluation.step);
  evaluation.points = LossPoints("int8", all.loss);
  events.Emit(PointsEvent{evaluation});
  for (const QuantizerEvent& quantizer : all.quantizers) events.Emit(quantizer);
  const auto emit_alone = [&](const PlaceFilter& rounded, const char* suffix) {
    const Int8Evaluation part = *EvaluateInt8(config, dataset, device, decoder, evaluation.step, rounded);
    evaluation.points = LossPoints("int8", part.loss, suffix);
    events.Emit(PointsEvent{evaluation});
  };
  emit_alone(IsWeightPlace, "_weights");
  emit_alone(IsActivationPlace, "_activations");
}

void EmitSensitivity(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
                     std::int64_t step, EventOutput& events) {
  std::size_t done = 0;
  const auto found = [&](const PlaceLoss& place, std::size_t places) {
    const SensitivityEvent event = EventOf(place, step);
    events.Emit(event);
    LogInfo(absl::StrFormat("sensitivity %d of %d: %s alone in int8 changes the perplexity by %+.4g", ++done, places,
                            event.place, event.increase));
  };
  const std::vector<PlaceLoss> losses = *EvaluateSensitivity(config, dataset, device, decoder, found);
  SensitivityRankingEvent ranking{.step = step, .full_precision_perplexity = std::exp(losses[0].full_precision_loss)};
  for (const PlaceLoss& loss : losses) ranking.increases.emplace_back(loss.place, EventOf(loss, step).increase);
  std::stable_sort(ranking.increases.begin(), ranking.increases.end(), IsWorse);
  events.Emit(ranking);
}

}  // namespace ofsweep
