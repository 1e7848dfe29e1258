import { axisLine } from './axis_marks';
import { INFINITE_COLOR, rampColor } from './color';
import { tickText } from './format';
import { type Scale, belowText, createScale, domainOf, placeOf, spansDecades } from './scale';
import type { Ink, Mark, Scene } from './scene';

// An axis of numbers, or of names when `names` has them.
export interface Axis {
  key: string;
  isLog: boolean;
  names: string[] | undefined;
  // The values of a key of which there are few: each has a label.
  values?: number[];
}

export interface Strand {
  id: string;
  label: string;
  // By axis; a text where the axis has names.
  values: (number | string | undefined)[];
  // Its results are those of the last step before it diverged.
  isDiverged: boolean;
}

// From an axis' lower to its upper end, as shares of its length: they hold while the scale follows new trials.
export type Brushes = ReadonlyMap<string, [number, number]>;

const MOST_VALUES = 8;

// Numbers all, or names. `isResult`: it was measured, and is no key of the trials.
export function axisOf(key: string, values: readonly (number | string | undefined)[], { isLog = false, isResult = false } = {}): Axis {
  const known = values.filter((value) => value !== undefined);
  const isNumeric = known.every((value) => typeof value === 'number');
  if (!isNumeric) return { key, isLog: false, names: [...new Set(known.map(String))] };
  const distinct = [...new Set(known as number[])].sort((a, b) => a - b);
  return {
    key,
    isLog: isLog || (key !== 'seed' && spansDecades(distinct, isResult ? 50 : 10)),
    names: undefined,
    values: !isResult && distinct.length <= MOST_VALUES ? distinct : undefined,
  };
}

const MARGIN = { left: 70, right: 70, top: 56, bottom: 70 };
// ∞ stands above an axis; below it what lies below its numbers, then NaN and what is missing. In pixels.
const BEYOND = { above: 14, below: 12, nan: 24 };

export interface ParallelLayout {
  axes: { axis: Axis; x: number; scale: Scale }[];
  top: number;
  bottom: number;
}

export function parallelLayout(
  axes: readonly Axis[],
  strands: readonly Strand[],
  { width, height }: { width: number; height: number },
): ParallelLayout {
  const [top, bottom] = [MARGIN.top, height - MARGIN.bottom];
  const gap = (width - MARGIN.left - MARGIN.right) / Math.max(1, axes.length - 1);
  return {
    top,
    bottom,
    axes: axes.map((axis, i) => {
      const values = strands.map((strand) => strand.values[i]).filter((value) => typeof value === 'number');
      const domain: [number, number] = axis.names ? [-0.5, axis.names.length - 0.5] : domainOf(values, axis.isLog);
      return { axis, x: MARGIN.left + gap * i, scale: createScale(axis.isLog, domain, [bottom, top], 5) };
    }),
  };
}

// From 0 at the lower end of its axis to 1; beyond them for what has no place.
export function shareOf(layout: ParallelLayout, index: number, value: number | string | undefined): number {
  const { axis, scale } = layout.axes[index];
  const number = typeof value === 'string' ? axis.names!.indexOf(value) : value;
  const length = layout.bottom - layout.top;
  const place = placeOf(number ?? NaN, scale.isLog);
  if (place === 'on') return (layout.bottom - scale.at(number!)) / length;
  return place === 'above' ? 1 + BEYOND.above / length : -BEYOND[place] / length;
}

// Of what stands below an axis a text and a value that is there.
function ticksBelow(values: readonly (number | string | undefined)[], isLog: boolean): [string, number | undefined][] {
  const below = values.find((value) => typeof value === 'number' && placeOf(value, isLog) === 'below') as number | undefined;
  const none = [...(values.some(Number.isNaN) ? ['NaN'] : []), ...(values.includes(undefined) ? ['none'] : [])].join(', ');
  const ticks: [string, number][] = below === undefined ? [] : [[belowText(isLog), below]];
  return none ? [...ticks, [none, NaN]] : ticks;
}

export function isBrushed(layout: ParallelLayout, strand: Strand, brushes: Brushes): boolean {
  return layout.axes.every(({ axis }, i) => {
    const brush = brushes.get(axis.key);
    if (!brush) return true;
    const share = shareOf(layout, i, strand.values[i]);
    return share >= brush[0] - 1e-9 && share <= brush[1] + 1e-9;
  });
}

export interface ParallelLook {
  size: { width: number; height: number };
  ink: Ink;
  isDark: boolean;
  brushes: Brushes;
  // The axis that gives the colours.
  colorAxis: number;
  // A strand that stands out.
  near?: string;
}

export function parallelScene(layout: ParallelLayout, strands: readonly Strand[], look: ParallelLook): Scene {
  const { size, ink, isDark, brushes, colorAxis, near } = look;
  const y = (share: number) => layout.bottom - share * (layout.bottom - layout.top);
  const lines = strands.map((strand): Mark & { order: number } => {
    const isIn = isBrushed(layout, strand, brushes);
    const isNear = strand.id === near;
    const color = shareOf(layout, colorAxis, strand.values[colorAxis]);
    return {
      kind: 'line',
      points: layout.axes.map(({ x }, i) => [x, y(shareOf(layout, i, strand.values[i]))]),
      color: isIn ? strandColor(color, isDark) : ink.grid,
      width: isNear ? 3 : 1.4,
      dash: strand.isDiverged ? [4, 3] : [],
      alpha: isIn ? 0.85 : 0.5,
      order: Number(isIn) + Number(isNear),
    };
  });
  lines.sort((a, b) => a.order - b.order);
  const marks: Mark[] = [...lines];
  layout.axes.forEach(({ axis, x, scale }, i) => {
    marks.push(axisLine([x, layout.top], [x, layout.bottom], ink.faint));
    marks.push({
      kind: 'text',
      x,
      y: i % 2 === 0 ? 14 : 28,
      text: axis.key,
      color: ink.text,
      size: 11,
      anchor: 'middle',
      bold: i === colorAxis,
      halo: ink.paper,
    });
    const ticks: [string, number | string | undefined][] = axis.names
      ? axis.names.map((name) => [name, name])
      : labelled(axis.values ?? scale.ticks, scale).map((tick) => [tickText(tick), tick]);
    const below = ticksBelow(
      strands.map((strand) => strand.values[i]),
      scale.isLog,
    );
    for (const [text, value] of [...ticks, ...below]) {
      const top = y(shareOf(layout, i, value)) + 4;
      marks.push({ kind: 'text', x: x - 6, y: top, text, color: ink.text, size: 11, anchor: 'end', halo: ink.paper });
    }
    const brush = brushes.get(axis.key);
    if (brush)
      marks.push({ kind: 'rect', x: x - 6, y: y(brush[1]), width: 12, height: y(brush[0]) - y(brush[1]), color: ink.text, alpha: 0.25 });
  });
  return { ...size, background: ink.paper, marks: [...marks, ...colorLegend(layout.axes[colorAxis], look)] };
}

function strandColor(share: number, isDark: boolean): string {
  return share < 0 || share > 1 ? INFINITE_COLOR : rampColor(share, isDark);
}

// Of values that would stand in each other's way the outer ones.
function labelled(values: readonly number[], scale: Scale): number[] {
  const ends = [values[0], values[values.length - 1]];
  const isFree = (value: number, others: readonly number[]) => others.every((other) => Math.abs(scale.at(value) - scale.at(other)) >= 12);
  const kept = values.length > 1 && isFree(ends[0], [ends[1]]) ? ends : values.slice(0, 1);
  for (const value of values) if (isFree(value, kept)) kept.push(value);
  return kept;
}

const BAR = { width: 140, height: 8, pieces: 28 };

// What the colours mean, below the axes: a bar of numbers, or each name in its colour.
function colorLegend({ axis, scale }: ParallelLayout['axes'][number], { size, ink, isDark }: ParallelLook): Mark[] {
  const y = size.height - 14;
  const marks: Mark[] = [];
  let x = 12;
  const write = (text: string, color: string, bold = false) => {
    marks.push({ kind: 'text', x, y, text, color, size: 11, bold });
    x += text.length * 6.4 + 10;
  };
  const rect = (left: number, width: number, color: string) =>
    marks.push({ kind: 'rect', x: left, y: y - BAR.height, width, height: BAR.height, color });
  write(axis.key, ink.text, true);
  if (axis.names) {
    axis.names.forEach((name, i) => {
      rect(x, 12, strandColor((i + 0.5) / axis.names!.length, isDark));
      x += 18;
      write(name, ink.faint);
    });
  } else {
    write(tickText(Number(scale.domain[0].toPrecision(3))), ink.faint);
    for (let i = 0; i < BAR.pieces; ++i) {
      rect(x + (BAR.width * i) / BAR.pieces, BAR.width / BAR.pieces + 0.5, strandColor((i + 0.5) / BAR.pieces, isDark));
    }
    x += BAR.width + 8;
    write(tickText(Number(scale.domain[1].toPrecision(3))), ink.faint);
  }
  rect(x, 12, INFINITE_COLOR);
  x += 18;
  write('no place on the axis', ink.faint);
  return marks;
}

// The strand nearest to a place between two axes.
export function nearestStrand(
  layout: ParallelLayout,
  strands: readonly Strand[],
  [left, top]: [number, number],
  reach = 10,
): Strand | undefined {
  const right = layout.axes.findIndex(({ x }) => x >= left);
  if (right < 1) return undefined;
  const [a, b] = [layout.axes[right - 1].x, layout.axes[right].x];
  const along = (left - a) / (b - a);
  let nearest: Strand | undefined;
  let least = reach;
  for (const strand of strands) {
    const [from, to] = [shareOf(layout, right - 1, strand.values[right - 1]), shareOf(layout, right, strand.values[right])];
    const distance = Math.abs(layout.bottom - (from + (to - from) * along) * (layout.bottom - layout.top) - top);
    if (distance < least) [nearest, least] = [strand, distance];
  }
  return nearest;
}
