#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "experiment/metric_point.h"
#include "experiment/quantisation_bits.h"
#include "experiment/trial_config.h"
#include "trainer/dataset.h"
#include "trainer/decoder.h"
#include "trainer/event_output.h"
#include "trainer/quantised_model.h"

namespace ofsweep {

// One evaluation after rounding: hands PREFIX_loss and PREFIX_perplexity to `emit_points`, then emits every quantiser.
// False, with nothing emitted, when the process was asked to stop meanwhile.
bool EmitQuantisedLoss(const TrialConfig& config, const Dataset& dataset, at::Device device, QuantisedModel& model,
                       const QuantisedEvaluation& asked, std::int64_t step,
                       const std::function<void(std::vector<MetricPoint>)>& emit_points, EventOutput& events);

// What `ofsweep-trainer evaluate` prints (docs/quantisation.md) for each of QuantisedEvaluations(config): PREFIX_loss
// and PREFIX_perplexity and every quantiser; for int8 then the points again with the weights alone rounded
// (int8_loss_weights, …) and with the activations alone (…_activations). `evaluation` gives the step, tokens and
// seconds of the points. With `sensitivity` each is followed by a sensitivity event for every place as it is found, and
// their ranking. Progress goes to standard error.
void EmitQuantised(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
                   bool sensitivity, StepPoints evaluation, EventOutput& events);

}  // namespace ofsweep
