import type { MeasuredMetric } from '../gen/ofsweep/v1/results_pb';
import type { Trial } from '../gen/ofsweep/v1/sweep_pb';

// Columns of the view `results` that some trial has, in an order that readers expect.
const ORDER = ['eval_loss', 'kurtosis_max', 'kurtosis_mean', 'kurtosis_peak', 'mmr_max', 'train_loss', 'eval_perplexity'];
const NO_RESULTS = ['seed', 'learning_rate', 'layers', 'width'];

// Columns that a trial has before anything is measured.
const BOOKKEEPING = ['attempts', 'steps', 'tokens', 'wall_seconds'];

export function hasResults(columns: readonly string[]): boolean {
  return columns.some((name) => !BOOKKEEPING.includes(name));
}

export function resultColumns(trials: readonly Trial[]): string[] {
  const names = new Set(trials.flatMap((trial) => Object.keys(trial.results)));
  const known = ORDER.filter((name) => names.has(name));
  return [...known, ...[...names].filter((name) => !ORDER.includes(name) && !NO_RESULTS.includes(name)).sort()];
}

// As its metric does: kurtosis_max of kurtosis. A difference of two values may be negative, whatever they are.
export function hasLogAxis(column: string, series: readonly MeasuredMetric[]): boolean {
  if (column.endsWith('_delta')) return false;
  const metric = series.find(({ name }) => name === column) ?? series.find(({ name }) => column.startsWith(`${name}_`));
  return metric?.logAxis ?? /kurtosis|mmr|perplexity/.test(column);
}
