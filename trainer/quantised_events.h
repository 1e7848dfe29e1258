#pragma once

#include "experiment/metric_point.h"
#include "experiment/trial_config.h"
#include "trainer/dataset.h"
#include "trainer/decoder.h"
#include "trainer/event_output.h"

namespace ofsweep {

// What `ofsweep-trainer evaluate` prints (docs/quantisation.md) for each of QuantisedEvaluations(config): PREFIX_loss
// and PREFIX_perplexity and every quantiser; for int8 then the points again with the weights alone rounded
// (int8_loss_weights, …) and with the activations alone (…_activations). `evaluation` gives the step, tokens and
// seconds of the points. With `sensitivity` each is followed by a sensitivity event for every place as it is found, and
// their ranking. Progress goes to standard error.
void EmitQuantised(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
                   bool sensitivity, StepPoints evaluation, EventOutput& events);

}  // namespace ofsweep
