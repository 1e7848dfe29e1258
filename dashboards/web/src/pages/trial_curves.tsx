import { useState } from 'preact/hooks';
import { queryCurves } from '../api/curves';
import { service } from '../api/client';
import { LineChart } from '../charts/line_chart';
import { lineScene } from '../charts/line_scene';
import { marksText } from '../charts/undrawable';
import { type Style, rampColor, styleOf } from '../data/color';
import type { MeasuredCurve } from '../data/curve';
import type { Panel } from '../data/line';
import { spansDecades } from '../data/scale';
import { LIGHT_INK } from '../data/scene';
import type { MeasuredMetric } from '../gen/ofsweep/v1/results_pb';
import { Controls } from '../parts/controls';
import { ExportMenu } from '../parts/export_menu';
import { Picker } from '../parts/picker';
import { ProblemNote } from '../parts/problem_note';
import { useResource, useStore, useWidth } from '../state/hooks';
import { change } from '../state/location';
import { readList, readNumber } from '../state/params';
import { isDark } from '../state/theme';
import { panelCsv } from './curves/csv';
import { Swatch } from './curves/legend';

const DEFAULT_METRICS = ['kurtosis', 'train_loss', 'eval_loss'];

// One panel a metric and site, one line a layer.
export function TrialCurves({ sweep, trial, params, version }: { sweep: string; trial: string; params: URLSearchParams; version: string }) {
  const [focus, setFocus] = useState<string>();
  const dark = useStore(isDark);
  const [grid, width] = useWidth<HTMLDivElement>();
  const series = useResource(sweep, (signal) => service.listSeries({ sweep }, { signal }), { version });
  const known = series.data?.metrics ?? [];
  const metrics = readList(params, 'm') ?? DEFAULT_METRICS.filter((name) => known.some((metric) => metric.name === name));
  const [from, to] = [readNumber(params, 'from'), readNumber(params, 'to')];
  const zoom: [number, number] | undefined = from !== undefined && to !== undefined && from < to ? [from, to] : undefined;
  const buckets = Math.min(1_000, Math.max(100, Math.ceil(width / 200) * 100));
  const { data, problem, isLoading } = useResource(
    metrics.length > 0 && width > 0 ? JSON.stringify([metrics, zoom, buckets]) : undefined,
    (signal) =>
      queryCurves(
        {
          sweep,
          trialIds: [trial],
          metrics,
          maxBuckets: buckets,
          firstStep: zoom && Math.floor(zoom[0]),
          lastStep: zoom && Math.ceil(zoom[1]),
        },
        signal,
      ),
    { version, scope: trial },
  );
  const panels = data ? layerPanels(data, metrics, known, dark) : [];
  const marks = marksText(panels);
  return (
    <>
      <Controls label="Curves">
        <Picker
          label="Metrics"
          options={known.map(({ name, meaning }) => ({ value: name, hint: meaning }))}
          chosen={metrics}
          onChange={(m) => change({ m })}
        />
        {zoom && (
          <button type="button" onClick={() => change({ from: undefined, to: undefined })}>
            show all steps
          </button>
        )}
      </Controls>
      {problem && !data && <ProblemNote problem={problem} />}
      <div class="panels" ref={grid} aria-busy={isLoading}>
        {panels.map((panel) => (
          <section key={panel.id} class="card panel-card" aria-label={panel.title}>
            <header>
              <h2>
                {panel.title}
                {panel.unit && <small> {panel.unit}</small>}
                {panel.isLog && <small> log</small>}
              </h2>
              {panel.lines.length > 1 && <LayerKey panel={panel} focus={focus} />}
              <ExportMenu
                fileName={`${trial}-${panel.id}`.replace(/[^\w.-]+/g, '-')}
                csv={() => panelCsv(panel, 'step')}
                scene={() => lineScene(panel, 'step', zoom, LIGHT_INK)}
              />
            </header>
            <LineChart
              panel={panel}
              xLabel="step"
              zoom={zoom}
              height={240}
              isDark={dark}
              syncKey="trial"
              focus={focus}
              onFocus={setFocus}
              onZoom={(range) => change({ from: range && Math.floor(range[0]), to: range && Math.ceil(range[1]) })}
            />
          </section>
        ))}
        {marks && <p class="faint">{marks}.</p>}
        {data?.length === 0 && <p class="faint">No points of these metrics.</p>}
      </div>
    </>
  );
}

// The colours from the first layer to the last.
function LayerKey({ panel, focus }: { panel: Panel; focus: string | undefined }) {
  const { lines } = panel;
  const focused = lines.find((line) => line.group === focus);
  return (
    <small class="layer-key">
      {focused ? focused.label : lines[0].label}
      {(focused ? [focused] : lines).map((line) => (
        <Swatch key={line.group} style={line.style} />
      ))}
      {!focused && lines[lines.length - 1].label}
    </small>
  );
}

function layerPanels(
  curves: readonly MeasuredCurve[],
  metrics: readonly string[],
  series: readonly MeasuredMetric[],
  dark: boolean,
): Panel[] {
  const panels = new Map<string, Panel>();
  const deepest = Math.max(1, ...curves.map((curve) => curve.layer ?? 0));
  for (const { metric: name, site, layer, steps, values } of curves) {
    const id = site ? `${name}@${site}` : name;
    const metric = series.find((known) => known.name === name);
    const panel = panels.get(id) ?? {
      id,
      title: site ? `${name}, ${site}` : name,
      meaning: '',
      unit: metric?.unit ?? '',
      isLog: metric?.logAxis || spansDecades(values),
      lines: [],
    };
    panels.set(id, panel);
    const label = layer === undefined ? site || name : `layer ${layer}`;
    panel.lines.push({ group: label, label, role: 'mean', style: layerStyle(layer, deepest, dark), xs: steps, ys: values });
  }
  // As the metrics were asked for, and the layers first.
  const rank = (panel: Panel) => metrics.indexOf(panel.id.split('@')[0]) * 2 + (panel.lines.length > 1 ? 0 : 1);
  return [...panels.values()].sort((a, b) => rank(a) - rank(b));
}

// Layers have an order, which the colours follow.
function layerStyle(layer: number | undefined, deepest: number, dark: boolean): Style {
  if (layer === undefined) return styleOf(0, dark);
  return { color: toHex(rampColor(layer / deepest, dark)), dash: [] };
}

function toHex(rgb: string): string {
  return `#${[...rgb.matchAll(/\d+/g)].map(([channel]) => Number(channel).toString(16).padStart(2, '0')).join('')}`;
}
