import type { Sweep } from '../gen/ofsweep/v1/sweep_pb';

// Why no more trials run. Where none runs at all it asks for attention.
export function WaitingReason({ sweep }: { sweep: Sweep }) {
  if (!sweep.waitingReason) return null;
  return <p class={sweep.trials?.running ? 'waiting' : 'waiting stalled'}>{sweep.waitingReason}</p>;
}
