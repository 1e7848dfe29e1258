import { useEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { align } from '../data/alignment';
import { countOfText } from '../data/format';
import { type Line, type Panel, drawnValues, strokesOf } from '../data/line';
import { DARK_INK, LIGHT_INK } from '../data/scene';
import { domainOf } from '../data/scale';
import { useWidth } from '../state/hooks';
import { type ChartFrame, lineOptions } from './line_options';
import { showNearest } from './line_tooltip';

interface LineChartProps {
  panel: Panel;
  xLabel: string;
  // What x shows; undefined: all that there is.
  zoom: [number, number] | undefined;
  height: number;
  isDark: boolean;
  // Charts of one key move their cursors together.
  syncKey: string;
  // The group that stands out, of all charts.
  focus: string | undefined;
  onFocus(group: string | undefined): void;
  // undefined: all of it again.
  onZoom(zoom: [number, number] | undefined): void;
}

export function LineChart(props: LineChartProps) {
  const { panel, zoom, height, isDark, focus } = props;
  const [holder, width] = useWidth<HTMLDivElement>();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const frame = useRef<ChartFrame>({ x: [0, 1], y: [0, 1], lines: [] });

  // Once a panel, and not whenever the focus moves.
  const { strokes, data, x, y, structure, label } = useMemo(() => prepare(panel), [panel]);
  frame.current = { x: zoom ?? x, y, lines: panel.lines };

  useEffect(() => {
    if (!place.current || width === 0) return;
    const ink = isDark ? DARK_INK : LIGHT_INK;
    const options = lineOptions({
      strokes,
      isLog: panel.isLog,
      ink,
      frame,
      size: { width, height },
      syncKey: latest.current.syncKey,
      xLabel: latest.current.xLabel,
      onZoom: (range) => latest.current.onZoom(range),
      onCursor: (u) => latest.current.onFocus(showNearest(u, frame.current.lines, latest.current.panel.isLog, latest.current.xLabel)),
    });
    const made = new uPlot(options, data, place.current);
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.destroy();
    };
  }, [structure, isDark, width > 0, props.xLabel]);

  useEffect(() => plot.current?.setData(data), [panel, zoom]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);
  useEffect(() => plot.current && dimOthers(plot.current, focus), [focus, structure, isDark]);

  return (
    <div ref={holder} class="line-chart" style={{ height: `${height}px` }}>
      <div ref={place} role="img" aria-label={label} />
    </div>
  );
}

function prepare(panel: Panel) {
  const { lines, isLog } = panel;
  const y = domainOf(drawnValues(lines, isLog), isLog);
  const strokes = lines.flatMap(strokesOf);
  const { xs, values, bands } = align(strokes, isLog, isLog ? y[0] : -Infinity);
  return {
    strokes,
    data: [xs, ...values.flatMap((column, i) => [column, ...(bands[i] ?? [])])] as uPlot.AlignedData,
    x: wholeRange(xs),
    y,
    // What uPlot cannot change in a plot that stands: its series and their looks.
    structure: JSON.stringify([isLog, strokes.map(({ group, role, style, low, isPartial }) => [group, role, style, !!low, isPartial])]),
    label: describe(panel),
  };
}

function wholeRange(xs: readonly number[]): [number, number] {
  if (xs.length === 0) return [0, 1];
  const [first, last] = [xs[0], xs[xs.length - 1]];
  return first < last ? [first, last] : [Math.max(0, first - 1), last + 1];
}

// `class` of a uPlot series is the group of its line.
function dimOthers(plot: uPlot, focus: string | undefined): void {
  for (const series of plot.series.slice(1)) series.alpha = focus === undefined || series.class === focus ? 1 : 0.15;
  plot.redraw(false);
}

function describe({ title, lines }: Panel): string {
  const means = lines.filter((line) => line.role === 'mean');
  const told = means.slice(0, 8).map((line) => `${line.label} ends at ${lastValue(line)}`);
  return `${title}: ${means.length} curves. ${told.join('; ')}`;
}

function lastValue({ ys, counts, trials = 0 }: Line): string {
  const last = ys.at(-1);
  if (last === undefined) return 'nothing';
  const count = counts?.at(-1) ?? trials;
  return `${Number(last.toPrecision(3))}${count < trials ? `, of ${countOfText(count, trials)} trials` : ''}`;
}
