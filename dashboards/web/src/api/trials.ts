import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { service } from './client';

// A page draws one mark a trial: more than these are neither seen apart nor worth the wait.
export const MOST_TRIALS = 2_000;

export interface Trials {
  trials: Trial[];
  // The sweep has more than these.
  isCut: boolean;
}

// In the sweep's order, which is seed by seed: the first of them show every arm.
export async function listTrials(sweep: string, signal: AbortSignal): Promise<Trials> {
  const trials: Trial[] = [];
  let pageToken = '';
  do {
    const page = await service.listTrials({ sweep, pageSize: 1_000, pageToken }, { signal });
    trials.push(...page.trials);
    pageToken = page.nextPageToken;
  } while (pageToken && trials.length < MOST_TRIALS);
  return { trials, isCut: pageToken !== '' };
}
