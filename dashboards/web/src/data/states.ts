import type { Sweep, TrialCounts } from '../gen/ofsweep/v1/sweep_pb';
import { countText } from './format';

// States of a trial, in the order in which a bar shows them.
export const TRIAL_STATES = ['completed', 'diverged', 'failed', 'cancelled', 'pruned', 'running', 'pending'] as const;
export type TrialState = (typeof TRIAL_STATES)[number];

// A sign for those who do not see the colour.
export const STATE_SIGNS: Record<string, string> = {
  completed: '✓',
  diverged: '↯',
  failed: '✕',
  cancelled: '⊘',
  pruned: '✂',
  running: '▸',
  pending: '·',
  lost: '?',
  preempted: '↩',
  active: '▸',
  paused: '‖',
  finished: '✓',
};

// As the ablation table counts trials: what others have is not their last, and no result.
export function hasOutcome({ state }: { state: string }): boolean {
  return state === 'completed' || state === 'diverged';
}

// "2 cancelled, 1 running trials are left out": of those without an outcome; "" where all have one.
export function leftOutText(trials: readonly { state: string }[]): string {
  const left = trials.filter((trial) => !hasOutcome(trial));
  const parts = TRIAL_STATES.map((state) => [left.filter((trial) => trial.state === state).length, state] as const).filter(([count]) => count > 0);
  const told = parts.map(([count, state]) => `${countText(count)} ${state}`).join(', ');
  return told && `${told} ${left.length === 1 ? 'trial is' : 'trials are'} left out`;
}

export type Counts = Pick<TrialCounts, TrialState>;

export function totalOf(counts: Counts | undefined): number {
  return counts ? TRIAL_STATES.reduce((sum, state) => sum + counts[state], 0) : 0;
}

export function endedOf(counts: Counts | undefined): number {
  return counts ? totalOf(counts) - counts.running - counts.pending : 0;
}

// Of the steps of all trials, from 0 to 1; nothing where nobody counts them.
export function shareOfSteps({ stepsDone = 0, stepsTotal = 0 }: Pick<Sweep, 'stepsDone' | 'stepsTotal'>): number | undefined {
  return stepsTotal > 0 ? stepsDone / stepsTotal : undefined;
}

// "12 completed, 2 running": what there is.
export function countsText(counts: Counts | undefined): string {
  if (!counts) return '';
  const parts = TRIAL_STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  return parts.join(', ') || 'no trials';
}
