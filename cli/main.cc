#include <iostream>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  return ofsweep::CommandLine(argc, argv, {std::cout, std::cerr});
}
