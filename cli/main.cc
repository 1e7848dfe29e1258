#include <csignal>
#include <iostream>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a limit of file sizes is a full disk, which is said
  return ofsweep::CommandLine(argc, argv, {std::cout, std::cerr});
}
