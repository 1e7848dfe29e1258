#pragma once

namespace ofsweep {

// From now on SIGTERM, and the first SIGINT, only ask the process to stop; a second SIGINT kills it.
void CatchTermination();

// True once somebody has asked.
bool TerminationRequested();

}  // namespace ofsweep
