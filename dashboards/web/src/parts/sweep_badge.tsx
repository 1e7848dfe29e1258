import { STATE_SIGNS, totalOf } from '../data/states';
import type { Sweep } from '../gen/ofsweep/v1/sweep_pb';

// A sweep's state. One that has finished with failures is no success.
export function SweepBadge({ sweep }: { sweep: Pick<Sweep, 'state' | 'trials'> }) {
  const { state, trials } = sweep;
  const failed = state === 'finished' ? (trials?.failed ?? 0) : 0;
  const look = failed > 0 ? 'failed' : state;
  return (
    <span class={`badge state-${look}`}>
      <span aria-hidden="true">{STATE_SIGNS[look]}</span> {state}
      {failed > 0 && `, ${failed === totalOf(trials) ? 'all' : failed} failed`}
    </span>
  );
}
