import uPlot from 'uplot';
import { withAlpha } from '../data/color';
import { tickText } from '../data/format';
import { type Line, PARTIAL_LOOK, type Stroke } from '../data/line';
import { FONT, type Ink } from '../data/scene';
import { createScale } from '../data/scale';
import { drawUndrawable } from './undrawable';

// What changes while a plot stands.
export interface ChartFrame {
  x: [number, number];
  y: [number, number];
  lines: readonly Line[];
}

interface LineOptions {
  strokes: readonly Stroke[];
  isLog: boolean;
  ink: Ink;
  frame: { current: ChartFrame };
  size: { width: number; height: number };
  syncKey: string;
  xLabel: string;
  onZoom(range: [number, number] | undefined): void;
  // The cursor stands elsewhere; its left is negative when it has left.
  onCursor(plot: uPlot): void;
}

const WIDTHS = { mean: 2, member: 1, raw: 1 };
const ALPHAS = { mean: 1, member: 0.35, raw: 0.3 };

export function lineOptions({ strokes, isLog, ink, frame, size, syncKey, xLabel, onZoom, onCursor }: LineOptions): uPlot.Options {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const line of strokes) {
    const look = line.isPartial ? PARTIAL_LOOK : { alpha: ALPHAS[line.role], dash: line.role === 'mean' ? line.style.dash : [] };
    const stroke = withAlpha(line.style.color, look.alpha);
    const shared = { class: line.group, points: { show: showsPoints }, scale: 'y' };
    series.push({ ...shared, stroke, width: WIDTHS[line.role], dash: look.dash });
    if (line.low) {
      const edge = { ...shared, points: { show: false }, width: 0, stroke: 'transparent' };
      series.push(edge, { ...edge });
      bands.push({ series: [series.length - 1, series.length - 2], fill: withAlpha(line.style.color, 0.12) });
    }
  }
  const axis = {
    stroke: ink.faint,
    font: `11px ${FONT}`,
    grid: { stroke: ink.grid, width: 1 },
    ticks: { stroke: ink.grid, width: 1, size: 4 },
  };
  return {
    ...size,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    series,
    bands,
    scales: {
      x: { time: false, range: () => frame.current.x },
      y: { distr: isLog ? 3 : 1, range: () => frame.current.y },
    },
    axes: [
      { ...axis, size: 22, incrs: xLabel === 'seconds' ? undefined : WHOLE_NUMBERS, label: xLabel, labelSize: 18, labelFont: `11px ${FONT}`, space: 60, values: (_, ticks) => ticks.map(tickText) },
      {
        ...axis,
        size: 54,
        splits: (plot) => createScale(isLog, frame.current.y, [0, 1], Math.max(2, Math.floor(plot.height / 50))).ticks,
        filter: (_, ticks) => ticks,
        values: (_, ticks) => ticks.map(tickText),
      },
    ],
    cursor: {
      sync: { key: syncKey, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
      bind: { dblclick: () => () => (onZoom(undefined), null) },
    },
    hooks: {
      setCursor: [onCursor],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 3) return;
          onZoom([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      draw: [(plot) => drawUndrawable(plot, frame.current.lines, isLog)],
    },
  };
}

// Between two steps, or two tokens, there is none.
const WHOLE_NUMBERS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((factor) => factor * 10 ** power)).flat();

// A single point makes no line.
function showsPoints(plot: uPlot, index: number): boolean {
  let points = 0;
  for (const value of plot.data[index]) if (value != null && ++points > 1) return false;
  return points === 1;
}
