import { tickLabel } from './axis_marks';
import { BELOW_COLOR, INFINITE_COLOR, NAN_COLOR, viridis } from './color';
import type { MeasuredCurve } from './curve';
import { type Scale, createScale, placeOf } from './scale';
import type { Ink, Mark, Scene } from './scene';

// A layer × step map of one group: a curve for each layer.
export interface HeatMap {
  curves: MeasuredCurve[];
  layers: number[];
  steps: [number, number];
}

// `lastStep` is of all maps beside it, so that one whose trials diverged is seen to end early.
export function heatMapOf(curves: readonly MeasuredCurve[], lastStep: number): HeatMap {
  const layered = curves.filter((curve) => curve.layer !== undefined).toSorted((a, b) => a.layer! - b.layer!);
  return { curves: layered, layers: layered.map((curve) => curve.layer!), steps: [0, Math.max(1, lastStep)] };
}

const COLORS_BEYOND = { nan: NAN_COLOR, above: INFINITE_COLOR, below: BELOW_COLOR };

export interface HeatFrame {
  width: number;
  height: number;
  // From value to a share of the colours.
  colors: Scale;
  ink: Ink;
  title?: string;
}

const MARGIN = { left: 48, right: 10, top: 6, bottom: 32 };

export function heatLayout({ layers, steps }: HeatMap, { width, height, title }: Pick<HeatFrame, 'width' | 'height' | 'title'>) {
  const top = MARGIN.top + (title ? 24 : 0);
  const rowHeight = (height - top - MARGIN.bottom) / Math.max(1, layers.length);
  return {
    x: createScale(false, steps, [MARGIN.left, width - MARGIN.right], 6),
    // The first layer is the lowest row, as the residual stream rises.
    topOf: (row: number) => top + (layers.length - 1 - row) * rowHeight,
    rowAt: (y: number) => layers.length - 1 - Math.floor((y - top) / rowHeight),
    rowHeight,
    bottom: height - MARGIN.bottom,
  };
}

export function heatScene(map: HeatMap, frame: HeatFrame): Scene {
  const { width, height, colors, ink, title } = frame;
  const { x, topOf, rowHeight, bottom } = heatLayout(map, frame);
  const marks: Mark[] = title ? [{ kind: 'text', x: MARGIN.left, y: 18, text: title, color: ink.text, size: 12, bold: true }] : [];
  map.curves.forEach(({ steps, values }, row) => {
    steps.forEach((step, i) => {
      // Whole pixels, so that no seam shines through.
      const left = Math.round(x.at(i === 0 ? Math.min(step, map.steps[0]) : steps[i - 1]));
      const top = Math.round(topOf(row));
      const width = Math.max(1, Math.round(x.at(step)) - left);
      marks.push({
        kind: 'rect',
        x: left,
        y: top,
        width,
        height: Math.round(topOf(row) + rowHeight) - top,
        color: colorOf(values[i], colors),
      });
    });
  });
  const every = Math.max(1, Math.ceil(14 / rowHeight));
  map.layers.forEach((layer, row) => {
    if (row % every === 0)
      marks.push({
        kind: 'text',
        x: MARGIN.left - 6,
        y: topOf(row) + rowHeight / 2 + 4,
        text: String(layer),
        color: ink.faint,
        size: 11,
        anchor: 'end',
      });
  });
  const middle = (topOf(map.layers.length - 1) + bottom) / 2;
  marks.push({ kind: 'text', x: 13, y: middle, text: 'layer', color: ink.faint, size: 11, anchor: 'middle', turn: -90 });
  for (const tick of x.ticks) marks.push(tickLabel(tick, x.at(tick), bottom + 16, 'middle', ink));
  marks.push({ kind: 'text', x: width - MARGIN.right, y: bottom + 29, text: 'step', color: ink.faint, size: 11, anchor: 'end' });
  return { width, height, background: ink.paper, marks };
}

function colorOf(value: number, colors: Scale): string {
  const place = placeOf(value, colors.isLog);
  return place === 'on' ? viridis(colors.at(value)) : COLORS_BEYOND[place];
}

// The value under a place of the picture, and of how many trials it is.
export function heatAt(map: HeatMap, frame: Pick<HeatFrame, 'width' | 'height' | 'title'>, [left, top]: [number, number]) {
  const { x, rowAt } = heatLayout(map, frame);
  const curve = map.curves[rowAt(top)];
  if (!curve) return undefined;
  const step = x.invert(left);
  const i = curve.steps.findIndex((end) => end >= step);
  return i < 0 || left < MARGIN.left - 1 ? undefined : { layer: curve.layer!, step: curve.steps[i], value: curve.values[i], count: curve.counts[i] };
}

// A bar of the colours with its ticks.
export function colorBar(colors: Scale, width: number, ink: Ink): Scene {
  const height = 34;
  const bar = { left: 8, width: width - 16 };
  const marks: Mark[] = [];
  for (let i = 0; i < 64; ++i) {
    marks.push({ kind: 'rect', x: bar.left + (bar.width * i) / 64, y: 4, width: bar.width / 64 + 0.5, height: 10, color: viridis(i / 63) });
  }
  for (const tick of colors.ticks) {
    marks.push(tickLabel(tick, bar.left + bar.width * colors.at(tick), 28, 'middle', ink));
  }
  return { width, height, background: ink.paper, marks };
}
