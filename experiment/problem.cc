#include "experiment/problem.h"

#include "experiment/quoted.h"

namespace ofsweep {
namespace {

constexpr std::size_t kShown = 50;

}  // namespace

std::string ToText(const Problem& problem) {
  std::string text;
  if (!problem.file.empty()) {
    text = problem.file;
    if (problem.line > 0) text += ":" + std::to_string(problem.line);
    text += ": ";
  }
  if (!problem.key.empty()) text += Printable(problem.key) + ": ";
  text += problem.message;
  if (!problem.fix.empty()) text += "; " + problem.fix;
  return text;
}

std::string ToText(const std::vector<Problem>& problems) {
  std::string text;
  for (std::size_t i = 0; i < problems.size() && i < kShown; ++i) {
    if (i > 0) text += '\n';
    text += ToText(problems[i]);
  }
  if (problems.size() > kShown) text += "\nand " + std::to_string(problems.size() - kShown) + " more problems";
  return text;
}

}  // namespace ofsweep
