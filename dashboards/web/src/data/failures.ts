import type { Trial } from '../gen/ofsweep/v1/sweep_pb';

export interface Failure {
  // "bad_data: cannot read tokens.bin"
  reason: string;
  trials: number;
}

// Why trials failed, the most common reason first.
export function failuresOf(trials: readonly Pick<Trial, 'state' | 'failureClass' | 'failureMessage'>[]): Failure[] {
  const counts = new Map<string, number>();
  for (const { state, failureClass, failureMessage } of trials) {
    if (state !== 'failed') continue;
    const reason = [failureClass, failureMessage].filter((part) => part !== '').join(': ');
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => ({ reason, trials: count })).sort((a, b) => b.trials - a.trials);
}
