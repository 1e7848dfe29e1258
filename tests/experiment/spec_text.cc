#include "spec_text.h"

#include <gtest/gtest.h>

namespace ofsweep {

SweepSpec GoodSpec(const std::string& yaml) {
  std::vector<Problem> problems;
  SweepSpec spec = ParseSweepSpec(yaml, kSpecFile, problems);
  EXPECT_EQ(ToText(problems), "");
  return spec;
}

std::vector<std::string> Mistakes(const std::string& yaml) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(yaml, kSpecFile, problems);
  if (problems.empty()) ExpandSweep(spec, kSpecFile, problems, [](const PlannedTrial&) {});
  std::vector<std::string> lines;
  for (const Problem& problem : problems) lines.push_back(ToText(problem));
  return lines;
}

std::vector<PlannedTrial> Expand(const SweepSpec& spec) {
  std::vector<PlannedTrial> trials;
  std::vector<Problem> problems;
  ExpandSweep(spec, kSpecFile, problems, [&](PlannedTrial trial) { trials.push_back(std::move(trial)); });
  EXPECT_EQ(ToText(problems), "");
  return trials;
}

}  // namespace ofsweep
