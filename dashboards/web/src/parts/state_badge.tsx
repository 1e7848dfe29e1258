import { STATE_SIGNS } from '../data/states';

export function StateBadge({ state }: { state: string }) {
  return (
    <span class={`badge state-${state}`}>
      <span aria-hidden="true">{STATE_SIGNS[state]}</span> {state}
    </span>
  );
}
