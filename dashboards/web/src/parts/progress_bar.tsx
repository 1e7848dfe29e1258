import { type Counts, TRIAL_STATES, countsText, endedOf, totalOf } from '../data/states';

// The trials of a sweep by state. `share`, where known, is of the steps, and counts what running trials have done of theirs.
export function ProgressBar({ counts, share, label }: { counts: Counts | undefined; share?: number; label: string }) {
  const total = totalOf(counts);
  const percent = Math.round(100 * (share ?? (total > 0 ? endedOf(counts) / total : 0)));
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={`${percent} %: ${countsText(counts)}`}
      title={countsText(counts)}
    >
      {counts &&
        TRIAL_STATES.filter((state) => counts[state] > 0).map((state) => (
          <span key={state} class={`state-${state}`} style={{ flexGrow: counts[state] }} />
        ))}
    </div>
  );
}

export function StateCounts({ counts }: { counts: Counts | undefined }) {
  if (!counts) return null;
  return (
    <ul class="counts">
      {TRIAL_STATES.filter((state) => counts[state] > 0).map((state) => (
        <li key={state} class={`state-${state}`}>
          <b>{counts[state]}</b> {state}
        </li>
      ))}
    </ul>
  );
}
