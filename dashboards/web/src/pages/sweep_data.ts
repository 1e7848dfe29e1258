import type { Trials } from '../api/trials';
import type { MeasuredMetric } from '../gen/ofsweep/v1/results_pb';
import type { TrialProgress } from '../gen/ofsweep/v1/sweep_pb';

// What the views of a sweep share. `undefined` until it is there.
export interface SweepData {
  name: string;
  trials: Trials | undefined;
  series: MeasuredMetric[] | undefined;
  // Keys that the sweep varies, the seed too.
  varied: string[];
  // Changes when there are new points, and not too often.
  points: string;
  running: TrialProgress[];
}

export function armKeys(sweep: SweepData): string[] {
  return sweep.varied.filter((key) => key !== 'seed');
}
