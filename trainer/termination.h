#pragma once

namespace ofsweep {

// From now on SIGTERM, SIGHUP (a closed terminal; unless nohup has it ignored) and the first SIGINT only ask the
// process to stop; a second SIGINT kills it.
void CatchTermination();

// True once somebody has asked.
bool TerminationRequested();

}  // namespace ofsweep
