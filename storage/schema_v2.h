#pragma once

namespace ofsweep {

// Version 2: what a model loses with fewer than 8 bits (evaluate.bits).
inline constexpr const char* kSchemaV2 = R"sql(
ALTER TABLE trial_results ADD COLUMN w8a5_perplexity_step INTEGER NOT NULL DEFAULT -1;
ALTER TABLE trial_results ADD COLUMN w8a5_perplexity REAL;
ALTER TABLE trial_results ADD COLUMN w8a4_perplexity_step INTEGER NOT NULL DEFAULT -1;
ALTER TABLE trial_results ADD COLUMN w8a4_perplexity REAL;
ALTER TABLE trial_results ADD COLUMN w4a4_perplexity_step INTEGER NOT NULL DEFAULT -1;
ALTER TABLE trial_results ADD COLUMN w4a4_perplexity REAL;
)sql";

}  // namespace ofsweep
