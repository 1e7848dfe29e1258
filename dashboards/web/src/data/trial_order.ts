import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { armOfTrial } from './arms';
import { TRIAL_STATES } from './states';

type Sortable = Pick<Trial, 'state' | 'step' | 'attempts' | 'worker' | 'armKeys' | 'results'>;

// What a list of trials may be sorted by: a column of it, a key that its sweep varies, or a result.
export function sortTrials<T extends Sortable>(trials: readonly T[], by: string, isDescending: boolean): T[] {
  const keyed = trials.map((trial) => ({ trial, value: valueOf(trial, by) }));
  keyed.sort((a, b) => compare(a.value, b.value, isDescending));
  return keyed.map(({ trial }) => trial);
}

function valueOf(trial: Sortable, by: string): number | string | undefined {
  if (by === 'state') return (TRIAL_STATES as readonly string[]).indexOf(trial.state);
  if (by === 'step' || by === 'attempts' || by === 'worker') return trial[by];
  if (by in trial.results) return trial.results[by];
  const text = armOfTrial(trial, [by])[by];
  return text !== undefined && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

// What has no value, or NaN, comes last whichever way; the sweep's order stays among equals.
function compare(a: number | string | undefined, b: number | string | undefined, isDescending: boolean): number {
  const [lacks, others] = [a, b].map((value) => value === undefined || value === '' || Number.isNaN(value));
  if (lacks || others) return Number(lacks) - Number(others);
  const order = typeof a === 'number' && typeof b === 'number' ? a - b || 0 : String(a).localeCompare(String(b), 'en', { numeric: true });
  return isDescending ? -order : order;
}
