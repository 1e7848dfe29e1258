import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { service } from './client';

// A page draws one mark a trial: more than these are neither seen apart nor worth the wait.
export const MOST_TRIALS = 2_000;

export interface Trials {
  trials: Trial[];
  // The sweep has more than these.
  isCut: boolean;
}

// So that a large sweep opens as a small one does.
const FIRST_PAGE = 200;

// In the sweep's order, which is seed by seed: the first of them show every arm, and `show` has them as soon as they are there. Without their
// configurations, which would be most of it.
export async function listTrials(sweep: string, signal: AbortSignal, show?: (first: Trials) => void): Promise<Trials> {
  const trials: Trial[] = [];
  let pageToken = '';
  do {
    const pageSize = trials.length === 0 ? FIRST_PAGE : Math.min(1_000, MOST_TRIALS - trials.length);
    const page = await service.listTrials({ sweep, pageSize, pageToken, omitConfig: true }, { signal });
    trials.push(...page.trials);
    pageToken = page.nextPageToken;
    if (pageToken && trials.length === FIRST_PAGE) show?.({ trials: [...trials], isCut: true });
  } while (pageToken && trials.length < MOST_TRIALS);
  return { trials, isCut: pageToken !== '' };
}
