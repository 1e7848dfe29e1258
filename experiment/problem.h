#pragma once

#include <string>
#include <vector>

namespace ofsweep {

// One mistake in what a user wrote, with where it is and how to mend it.
struct Problem {
  std::string file;  // "" when the input was no file
  int line = 0;      // 1-based; 0 when unknown
  std::string key;   // the dotted key, "" when the whole input is meant
  std::string message;
  std::string fix;  // "did you mean optimizer.learning_rate?"; "" when the message says all
};

// "sweeps/x.yaml:12: optimizer.lr: unknown key; did you mean optimizer.learning_rate?"
std::string ToText(const Problem& problem);

// One problem a line, in the order found, at most 50 of them and then a line that counts the rest.
std::string ToText(const std::vector<Problem>& problems);

}  // namespace ofsweep
