import { useRef } from 'preact/hooks';
import { type CurvesRequest, queryCurves } from '../../api/curves';
import type { MeasuredCurve } from '../../data/curve';
import { restAfter, timed, useThrottled } from '../throttle';
import { type Resource, useResource } from '../../state/hooks';
import type { SweepData } from '../sweep_data';
import type { CurvesSettings, Target } from './settings';

export interface LoadedCurves {
  groups: MeasuredCurve[];
  members: MeasuredCurve[];
  // Of the metric that x shows, as groups and as members; empty where x is the step.
  groupClocks: MeasuredCurve[];
  memberClocks: MeasuredCurve[];
}

const CLOCK_BUCKETS = 400;

export function useCurves(
  sweep: SweepData,
  settings: CurvesSettings,
  targets: readonly Target[],
  // All where it is empty.
  trialIds: readonly string[],
  steps: [number, number] | undefined,
  buckets: number,
): Resource<LoadedCurves> {
  const { groupBy, mean, x, showsMembers } = settings;
  const range = steps && { firstStep: steps[0], lastStep: steps[1] };
  const cost = useRef(0);
  const points = useThrottled(sweep.points, restAfter(cost.current));
  const key = JSON.stringify([targets, groupBy, mean, x, showsMembers, range, buckets, trialIds]);
  return useResource(
    targets.length > 0 && buckets > 0 ? key : undefined,
    (signal) =>
      timed(cost, async () => {
        const ask = (request: CurvesRequest) => queryCurves({ sweep: sweep.name, trialIds: [...trialIds], ...request }, signal);
        const grouped = { groupBy, mean };
        const requests = targets.map(({ metric, site, layers }) => ({
          metrics: [metric],
          sites: site ? [site] : [],
          layers,
          maxBuckets: buckets,
          ...range,
        }));
        const clock = { metrics: [x], maxBuckets: CLOCK_BUCKETS };
        const withMembers = showsMembers || groupBy.length === 0;
        const [groups, members, groupClocks, memberClocks] = await Promise.all([
          Promise.all(groupBy.length > 0 ? requests.map((request) => ask({ ...request, ...grouped })) : []),
          Promise.all(withMembers ? requests.map(ask) : []),
          x === 'step' || groupBy.length === 0 ? [] : ask({ ...clock, groupBy }),
          x === 'step' || !withMembers ? [] : ask(clock),
        ]);
        return { groups: groups.flat(), members: members.flat(), groupClocks, memberClocks };
      }),
    { version: points, scope: sweep.name },
  );
}
