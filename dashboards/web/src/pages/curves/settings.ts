import type { MeasuredMetric } from '../../gen/ofsweep/v1/results_pb';
import { parseRanges, rangesText, readChoice, readList, readNumber } from '../../state/params';

export type XAxis = 'step' | 'tokens' | 'seconds';

// What the view of curves shows, as the URL says it or by default.
export interface CurvesSettings {
  metrics: string[];
  sites: string[];
  // undefined: a few, from the first to the last
  layers: number[] | undefined;
  groupBy: string[];
  mean: 'arithmetic' | 'geometric';
  y: 'auto' | 'log' | 'linear';
  x: XAxis;
  // Weight of what was, from 0 to below 1.
  smoothing: number;
  showsMembers: boolean;
  showsBand: boolean;
  // Curves are of the other trials alone.
  dropDiverged: boolean;
  // In units of x.
  zoom: [number, number] | undefined;
  filter: string;
  // Arms that are not drawn.
  hidden: string[];
}

const MOST_MEMBERS = 120;

export function readCurvesSettings(
  params: URLSearchParams,
  series: readonly MeasuredMetric[],
  arms: readonly string[],
  trials: number,
): CurvesSettings {
  const x = readChoice(params, 'x', ['step', 'tokens', 'seconds'] as const, 'step');
  return {
    metrics: readList(params, 'm') ?? defaultMetrics(series),
    sites: readList(params, 'site') ?? defaultSites(series),
    layers: params.has('layers') ? parseRanges(params.get('layers')!) : undefined,
    groupBy: readList(params, 'by') ?? defaultGroups(arms),
    mean: readChoice(params, 'mean', ['arithmetic', 'geometric'] as const, 'arithmetic'),
    y: readChoice(params, 'y', ['auto', 'log', 'linear'] as const, 'auto'),
    x: x !== 'step' && !series.some((metric) => metric.name === x) ? 'step' : x,
    smoothing: Math.min(0.99, Math.max(0, readNumber(params, 'smooth') ?? 0)),
    showsMembers: params.has('members') ? params.get('members') === '1' : trials <= MOST_MEMBERS,
    showsBand: params.get('band') !== '0',
    dropDiverged: params.has('drop'),
    zoom: readZoom(params.get('zoom')),
    filter: params.get('q') ?? '',
    hidden: readList(params, 'hide') ?? [],
  };
}

// The arm. Where only the seed varies, a key that all trials agree in makes one group of them.
function defaultGroups(arms: readonly string[]): string[] {
  return arms.length > 0 ? [...arms] : ['model.block'];
}

function defaultMetrics(series: readonly MeasuredMetric[]): string[] {
  const wanted = ['kurtosis', 'train_loss'].filter((name) => series.some((metric) => metric.name === name));
  return wanted.length > 0 ? wanted : series.slice(0, 1).map((metric) => metric.name);
}

function defaultSites(series: readonly MeasuredMetric[]): string[] {
  const names = series.flatMap((metric) => metric.sites.map((site) => site.name)).filter((name) => name !== '');
  return names.includes('block') ? ['block'] : names.slice(0, 1);
}

function readZoom(text: string | null): [number, number] | undefined {
  const [from, to] = (text ?? '').split(',').map((part) => (part === '' ? NaN : Number(part)));
  return Number.isFinite(from) && Number.isFinite(to) && from < to ? [from, to] : undefined;
}

// What the settings name and the sweep has not: a link may be older than the sweep, or mistyped.
export function missingOf(settings: Pick<CurvesSettings, 'metrics' | 'sites' | 'layers'>, series: readonly MeasuredMetric[]): string[] {
  const sites = series.flatMap((metric) => metric.sites);
  const layers = settings.layers ?? [];
  const hasLayers = layers.length === 0 || layers.some((layer) => sites.some((site) => site.layers.includes(layer)));
  return [
    ...settings.metrics.filter((name) => !series.some((metric) => metric.name === name)).map((name) => `metric ${name}`),
    ...settings.sites.filter((name) => !sites.some((site) => site.name === name)).map((name) => `site ${name}`),
    ...(hasLayers ? [] : [`layers ${rangesText(layers)}`]),
  ];
}

// One panel each: a metric at a site in a layer.
export interface Target {
  metric: string;
  site: string;
  layers: number[];
}

// A metric without the chosen sites shows all that it has, since attention has other sites than the residual stream.
export function targetsOf(settings: Pick<CurvesSettings, 'metrics' | 'sites' | 'layers'>, series: readonly MeasuredMetric[]): Target[] {
  return settings.metrics.flatMap((name) => {
    const sites = series.find((metric) => metric.name === name)?.sites ?? [];
    const chosen = sites.filter((site) => settings.sites.includes(site.name));
    return (chosen.length > 0 ? chosen : sites).map((site) => ({
      metric: name,
      site: site.name,
      layers: chooseLayers(site.layers, settings.layers),
    }));
  });
}

// The first panels of them, so that a page of all metrics and layers stays one that can be read; and how many are left out.
export function limitTargets(targets: readonly Target[], most: number): { targets: Target[]; leftOut: number } {
  let room = most;
  let leftOut = 0;
  const kept = targets.flatMap((target) => {
    const panels = Math.max(1, target.layers.length);
    const fits = Math.min(room, panels);
    room -= fits;
    leftOut += panels - fits;
    return fits > 0 ? [{ ...target, layers: target.layers.slice(0, fits) }] : [];
  });
  return { targets: kept, leftOut };
}

export function chooseLayers(layers: readonly number[], wanted: readonly number[] | undefined): number[] {
  if (!wanted) return spread(layers, 3);
  const chosen = layers.filter((layer) => wanted.includes(layer));
  return chosen.length > 0 ? chosen : spread(layers, 1);
}

// So many of them, from the first to the last, evenly.
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  if (most === 1) return [items[items.length - 1]];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}
