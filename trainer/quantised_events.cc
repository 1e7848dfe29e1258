#include "trainer/quantised_events.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "trainer/evaluation.h"
#include "trainer/log.h"

namespace ofsweep {
namespace {

bool IsActivationPlace(std::string_view place) {
  return !IsWeightPlace(place);
}

// A model that breaks altogether (NaN) is the worst that can happen.
bool IsWorse(const std::pair<std::string, double>& a, const std::pair<std::string, double>& b) {
  const auto badness = [](double increase) {
    return std::isnan(increase) ? std::numeric_limits<double>::infinity() : increase;
  };
  return badness(a.second) > badness(b.second);
}

// One model, rounded in one way after the other.
class QuantisedEvents {
 public:
  QuantisedEvents(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
                  StepPoints evaluation, EventOutput& events)
      : config_(config),
        dataset_(dataset),
        device_(device),
        model_(decoder),
        evaluation_(std::move(evaluation)),
        events_(events) {}

  void EmitLoss(const QuantisedEvaluation& asked) {
    LogInfo(absl::StrCat("evaluating with weights and activations rounded to ", Name(asked.bits)));
    EmitQuantisedLoss(
        config_, dataset_, device_, model_, asked, evaluation_.step,
        [this](std::vector<MetricPoint> points) { Emit(std::move(points)); }, events_);
    if (asked.prefix != "int8") return;
    EmitPoints(asked, IsWeightPlace, "_weights");
    EmitPoints(asked, IsActivationPlace, "_activations");
  }

  void EmitSensitivity(QuantisationBits bits) {
    std::size_t done = 0;
    const auto found = [&](const PlaceLoss& place, std::size_t places) {
      const SensitivityEvent event = EventOf(place, bits);
      events_.Emit(event);
      LogInfo(absl::StrFormat("sensitivity %d of %d: %s alone in %s changes the perplexity by %+.4g", ++done, places,
                              event.place, event.bits, event.increase));
    };
    const std::vector<PlaceLoss> losses = *EvaluateSensitivity(config_, dataset_, device_, model_, bits, found);
    SensitivityRankingEvent ranking{.step = evaluation_.step, .bits = Name(bits)};
    for (const PlaceLoss& loss : losses) {
      ranking.full_precision_perplexity = std::exp(loss.full_precision_loss);
      ranking.increases.emplace_back(loss.place, EventOf(loss, bits).increase);
    }
    std::stable_sort(ranking.increases.begin(), ranking.increases.end(), IsWorse);
    events_.Emit(ranking);
  }

 private:
  void EmitPoints(const QuantisedEvaluation& asked, const PlaceFilter& rounded, std::string_view suffix) {
    const double loss = *QuantisedLoss(config_, dataset_, device_, model_, asked.bits, rounded);
    Emit(LossPoints(asked.prefix, loss, suffix));
  }

  void Emit(std::vector<MetricPoint> points) {
    evaluation_.points = std::move(points);
    events_.Emit(PointsEvent{evaluation_});
  }

  SensitivityEvent EventOf(const PlaceLoss& found, QuantisationBits bits) const {
    const double perplexity = std::exp(found.loss);
    return {.step = evaluation_.step,
            .bits = Name(bits),
            .place = found.place,
            .loss = found.loss,
            .perplexity = perplexity,
            .increase = perplexity - std::exp(found.full_precision_loss)};
  }

  const TrialConfig& config_;
  const Dataset& dataset_;
  const at::Device device_;
  QuantisedModel model_;
  StepPoints evaluation_;
  EventOutput& events_;
};

}  // namespace

bool EmitQuantisedLoss(const TrialConfig& config, const Dataset& dataset, at::Device device, QuantisedModel& model,
                       const QuantisedEvaluation& asked, std::int64_t step,
                       const std::function<void(std::vector<MetricPoint>)>& emit_points, EventOutput& events) {
  const std::optional<double> loss = QuantisedLoss(config, dataset, device, model, asked.bits);
  if (!loss) return false;
  emit_points(LossPoints(asked.prefix, *loss));
  for (const QuantizerEvent& quantizer : model.Quantizers(step)) events.Emit(quantizer);
  return true;
}

void EmitQuantised(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
                   bool sensitivity, StepPoints evaluation, EventOutput& events) {
  const std::vector<QuantisedEvaluation> evaluations = QuantisedEvaluations(config);
  if (evaluations.empty()) return;
  QuantisedEvents quantised(config, dataset, device, decoder, std::move(evaluation), events);
  for (const QuantisedEvaluation& asked : evaluations) {
    quantised.EmitLoss(asked);
    if (sensitivity) quantised.EmitSensitivity(asked.bits);
  }
}

}  // namespace ofsweep
