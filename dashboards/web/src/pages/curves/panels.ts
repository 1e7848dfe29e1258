import { armId, armLabel } from '../../data/arms';
import type { Style } from '../../data/color';
import type { MeasuredCurve } from '../../data/curve';
import { interpolate } from '../../data/interpolation';
import type { Line, Panel } from '../../data/line';
import { spansDecades } from '../../data/scale';
import { smoothOn } from '../../data/smoothing';
import type { MeasuredMetric } from '../../gen/ofsweep/v1/results_pb';
import type { CurvesSettings } from './settings';
import type { LoadedCurves } from './use_curves';

export interface Group {
  id: string;
  label: string;
  arm: Record<string, string>;
  trialIds: string[];
  // How many of them have done a step.
  begun: number;
  style: Style;
}

interface PanelContext {
  settings: CurvesSettings;
  series: readonly MeasuredMetric[];
  // By id; lines of others are left out.
  groups: ReadonlyMap<string, Group>;
  groupOfTrial: ReadonlyMap<string, string>;
}

export function panelsOf(loaded: LoadedCurves, context: PanelContext): Panel[] {
  const { settings, series } = context;
  const panels = new Map<string, Panel>();
  const metricOf = (curve: MeasuredCurve) => series.find(({ name }) => name === curve.metric);
  const isLog = (curve: MeasuredCurve): boolean => {
    if (settings.y !== 'auto') return settings.y === 'log';
    const shown = [...loaded.groups, ...loaded.members].filter((other) => other.metric === curve.metric);
    return metricOf(curve)?.logAxis || spansDecades(shown.flatMap((other) => other.values));
  };
  const add = (curve: MeasuredCurve, lines: (isLog: boolean) => Line[]) => {
    const id = panelId(curve);
    let panel = panels.get(id);
    if (!panel) panels.set(id, (panel = emptyPanel(id, curve, metricOf(curve), isLog(curve))));
    panel.lines.push(...lines(panel.isLog));
  };
  const isAlone = settings.groupBy.length === 0;
  // By their trials: a path, for one, is written in other ways in a configuration and in an arm.
  const groupOf = (curve: MeasuredCurve): Group | undefined => {
    const trial = curve.trialIds.find((id) => context.groupOfTrial.has(id));
    return context.groups.get(context.groupOfTrial.get(trial ?? '') ?? '');
  };
  const groupClocks = new Map(loaded.groupClocks.map((clock) => [groupOf(clock)?.id, clock]));
  const memberClocks = new Map(loaded.memberClocks.map((clock) => [clock.trialId, clock]));
  // Members lie below the means.
  for (const curve of loaded.members) {
    const group = context.groups.get(context.groupOfTrial.get(curve.trialId) ?? '');
    if (!group || (!isAlone && group.trialIds.length < 2)) continue;
    const xs = xsOf(curve, settings.x, memberClocks.get(curve.trialId));
    add(curve, (isLog) => (isAlone ? leadLines(curve, group, xs, settings, isLog) : [memberLine(curve, group, xs)]));
  }
  for (const curve of loaded.groups) {
    const group = groupOf(curve);
    if (!group) continue;
    const xs = xsOf(curve, settings.x, groupClocks.get(group.id));
    add(curve, (isLog) => leadLines(curve, group, xs, settings, isLog));
  }
  return [...panels.values()];
}

function panelId({ metric, site, layer }: MeasuredCurve): string {
  return [metric, site && `@${site}`, layer === undefined ? '' : `.${layer}`].join('');
}

function emptyPanel(id: string, curve: MeasuredCurve, metric: MeasuredMetric | undefined, isLog: boolean): Panel {
  const place = [curve.site, curve.layer === undefined ? '' : String(curve.layer)].filter((part) => part !== '').join(' ');
  return {
    id,
    title: place ? `${curve.metric}, ${place}` : curve.metric,
    meaning: metric?.meaning ?? '',
    unit: metric?.unit ?? '',
    isLog,
    lines: [],
  };
}

function xsOf(curve: MeasuredCurve, x: CurvesSettings['x'], clock: MeasuredCurve | undefined): number[] {
  if (x === 'step') return curve.steps;
  const values = clock ? neverBack(clock.values) : [];
  return curve.steps.map((step) => interpolate(clock?.steps ?? [], values, step));
}

// Charts need an x that ascends, and the mean of a group's clocks falls where a slow trial leaves it.
function neverBack(values: readonly number[]): number[] {
  let most = -Infinity;
  return values.map((value) => (Number.isNaN(value) ? value : (most = Math.max(most, value))));
}

// A step range that has all points of an x range, by the clocks; undefined where nothing tells.
export function stepsOf(zoom: [number, number], clocks: readonly MeasuredCurve[]): [number, number] | undefined {
  const steps = clocks
    .flatMap((clock) => {
      const values = neverBack(clock.values);
      return zoom.map((x) => interpolate(values, clock.steps, x));
    })
    .filter(Number.isFinite);
  return steps.length > 0 ? [Math.max(0, Math.floor(Math.min(...steps))), Math.ceil(Math.max(...steps))] : undefined;
}

function memberLine(curve: MeasuredCurve, group: Group, xs: number[]): Line {
  return { group: group.id, label: `${group.label} · seed ${curve.seed}`, role: 'member', style: group.style, xs, ys: curve.values };
}

// A group's mean, or a trial that stands alone; smoothed, with what was below it.
function leadLines(curve: MeasuredCurve, group: Group, xs: number[], settings: CurvesSettings, isLog: boolean): Line[] {
  const smooth = (values: number[]) => smoothOn(isLog, curve.steps, values, settings.smoothing);
  const lead: Line = {
    group: group.id,
    label: group.label,
    role: 'mean',
    style: group.style,
    xs,
    ys: smooth(curve.values),
    counts: curve.counts.length > 0 ? curve.counts : undefined,
    // A zoom may leave none of the steps that all of them have.
    trials: Math.max(group.begun, curve.trials, ...curve.counts),
  };
  if (settings.showsBand && curve.deviations.length > 0) {
    const [low, high] = band(curve, settings.mean);
    Object.assign(lead, { low: smooth(low), high: smooth(high) });
  }
  if (settings.smoothing === 0) return [lead];
  return [{ group: group.id, label: group.label, role: 'raw', style: group.style, xs, ys: curve.values }, lead];
}

// The deviation of a geometric mean is a factor. One trial has no band.
function band({ values, deviations }: MeasuredCurve, mean: CurvesSettings['mean']): [number[], number[]] {
  return mean === 'geometric'
    ? [values.map((value, i) => value / deviations[i]), values.map((value, i) => value * deviations[i])]
    : [values.map((value, i) => value - deviations[i]), values.map((value, i) => value + deviations[i])];
}

// The groups that the trials make, in the sweep's order, each with its style, which stays when others are hidden.
export function groupsOf(
  trials: readonly { trialId: string; arm: Record<string, string>; label: string; step: number }[],
  keys: readonly string[],
  styleAt: (index: number) => Style,
): Group[] {
  const groups = new Map<string, Group>();
  for (const { trialId, arm, label, step } of trials) {
    const id = keys.length > 0 ? armId(arm, keys) : trialId;
    let group = groups.get(id);
    if (!group) {
      group = { id, label: keys.length > 0 ? armLabel(arm, keys) : label, arm, trialIds: [], begun: 0, style: styleAt(groups.size) };
      groups.set(id, group);
    }
    group.trialIds.push(trialId);
    group.begun += Number(step > 0);
  }
  return [...groups.values()];
}

// Those that curves are of.
export function keptTrials<T extends { state: string }>(trials: readonly T[], dropsDiverged: boolean): readonly T[] {
  return dropsDiverged ? trials.filter(({ state }) => state !== 'diverged') : trials;
}

// Of each group how many trials there are points of.
export function measuredOf(groups: readonly Pick<Group, 'id' | 'trialIds'>[], { groups: means, members }: LoadedCurves): Map<string, number> {
  const measured = new Set([...means.flatMap((curve) => curve.trialIds), ...members.map((curve) => curve.trialId)]);
  return new Map(
    groups.map(({ id, trialIds }) => {
      const own = new Set(trialIds);
      // A mean names the first of its trials alone, and counts all.
      const counted = means.filter((curve) => curve.trialIds.some((trial) => own.has(trial))).map((curve) => curve.trials);
      return [id, Math.max(trialIds.filter((trial) => measured.has(trial)).length, ...counted)];
    }),
  );
}
