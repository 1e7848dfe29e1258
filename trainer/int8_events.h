#pragma once

#include "experiment/metric_point.h"
#include "experiment/trial_config.h"
#include "trainer/dataset.h"
#include "trainer/decoder.h"
#include "trainer/event_output.h"

namespace ofsweep {

// What `evaluate --int8` prints (docs/int8.md): the points int8_loss and int8_perplexity and every quantiser, then the
// points again with the weights alone rounded (int8_loss_weights, …) and with the activations alone (…_activations).
// `evaluation` gives the step, tokens and seconds of the points.
void EmitInt8(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
              StepPoints evaluation, EventOutput& events);

// What `evaluate --sensitivity` adds: a sensitivity event for every place as it is found, then their ranking. Progress
// goes to standard error.
void EmitSensitivity(const TrialConfig& config, const Dataset& dataset, at::Device device, const Decoder& decoder,
                     std::int64_t step, EventOutput& events);

}  // namespace ofsweep
