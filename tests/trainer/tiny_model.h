#pragma once

#include "experiment/trial_config.h"
#include "trainer/decoder.h"

namespace ofsweep {

// The value of a key that is a text.
inline Value Text(std::string_view text) {
  return std::string(text);
}

// A resolved trial of 2 layers × 8, 2 heads, context 6, vocabulary 11, with `overrides` on top.
inline TrialConfig TinyTrial(const Overrides& overrides = {}) {
  Overrides all = {{"model.layers", std::int64_t{2}}, {"model.width", std::int64_t{8}},
                   {"model.heads", std::int64_t{2}},  {"model.context", std::int64_t{6}},
                   {"model.init_std", 0.3},           {"model.vocabulary", std::int64_t{11}}};
  for (const auto& [key, value] : overrides) all[key] = value;
  TrialConfig config = TrialConfig::FromOverrides(all);
  ResolveAuto(config);
  return config;
}

// Token ids of 3 windows of `shape`, the same for the same seed.
inline at::Tensor RandomTokens(const ModelShape& shape, std::uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return at::randint(shape.vocabulary, {3, shape.context}, generator, at::kLong);
}

}  // namespace ofsweep
