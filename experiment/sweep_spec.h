#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/data_input.h"
#include "experiment/problem.h"
#include "experiment/sweep_attributes.h"
#include "experiment/trial_config.h"

namespace ofsweep {

// A sweep of more trials than this is refused with its count before anything is expanded.
inline constexpr std::uint64_t kMaxTrials = 1'000'000;

// One direction of the grid: every point assigns one key (a `grid:` line), several that advance together (a `zip:`
// entry), or whatever it likes (the `trials:` list). A sweep is the product of its axes.
struct Axis {
  std::vector<Overrides> points;
};

// A trial that matches all of these keys, as they are written or as `auto` is resolved, is left out.
struct Exclusion {
  Overrides keys;
  int line = 0;
};

// What a researcher asks for.
struct SweepSpec {
  std::string name;
  SweepAttributes attributes;
  Overrides trial;  // holds in every trial
  Overrides set;    // of it, what `--set` of a command gave
  std::vector<Axis> axes;
  std::vector<Exclusion> exclude;
  std::map<std::string, int, std::less<>> lines;  // where each key first stands in the file; for errors
  Fingerprints fingerprints;                      // of its inputs, as far as whoever submits it can see them
};

// Reads a sweep file:
//   name: quickstart
//   description: …, tags: [paper], priority: 10, keep: {checkpoints: all}     SweepAttributes, a line each
//   trial:   {model: {preset: nano}, train.steps: 600}
//   grid:    {model.block: [pre_norm, op], seed: [0, 1]}
//   zip:     [{optimizer.name: [adam, soap], optimizer.learning_rate: [1e-3, 3e-3]}]
//   trials:  [{model.block: op, model.norm: rms_norm}]
//   exclude: [{model.block: op, seed: 1}]
//   set:     {train.steps: 100}     what `--set train.steps=100` adds to a file: takes the place of what `trial` says
// Relative paths are resolved against the folder of `file`; without one they are a mistake and stay as they are. All
// mistakes at once go to `problems`.
SweepSpec ParseSweepSpec(std::string_view yaml, const std::string& file, std::vector<Problem>& problems);

// How messages call what `--set` gave: "--set train.steps=100".
std::string SetOptionText(std::string_view key, std::string_view value);

// Every input that trials of the sweep may have, those of excluded cells too.
std::vector<DataInput> InputsOf(const SweepSpec& spec);

// How many trials the axes span, before `exclude`; saturates at 2^64-1.
std::uint64_t CountCells(const SweepSpec& spec);

// How many of them `exclude` leaves. More than ExpandSweep visits where several are the same trial: equal numbers
// written differently, a key that is inert, paths of equal content. Of a sweep that ExpandSweep accepts.
std::uint64_t CountCombinations(const SweepSpec& spec);

// One trial to run: its configuration with `auto` resolved, and its identity.
struct PlannedTrial {
  TrialConfig config;
  std::string config_hash;
};

// Calls `visit` for every trial that is not excluded, seed by seed (in the order the seeds are named, so that a
// half-finished sweep is already a fair table) and in grid order within a seed. Cells with the same identity are
// visited once. Mistakes — too many trials, none left, keys that contradict each other, an exclusion that leaves none
// out — go to `problems`, each once, and then `visit` has not been called at all or the visited trials must be
// discarded. Returns the number of trials visited. A million of them take minutes: `is_cancelled`, asked before each
// cell, ends it, and what was visited must be discarded.
std::uint64_t ExpandSweep(
    const SweepSpec& spec, const std::string& file, std::vector<Problem>& problems,
    const std::function<void(PlannedTrial)>& visit, const std::function<bool()>& is_cancelled = [] { return false; });

}  // namespace ofsweep
