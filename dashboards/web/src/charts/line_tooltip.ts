import type uPlot from 'uplot';
import { axisValueText, tickText } from '../data/format';
import { interpolate } from '../data/interpolation';
import type { Line } from '../data/line';
import { isDrawable } from '../data/scale';
import { type Reading, type Readings, readingsAt, spreadText } from '../data/readings';

const MOST_ROWS = 8;
const SAMPLES = 12;

// Shows beside the cursor what the means are there, from the highest to the lowest as they are drawn, and returns the nearest one's group. Only the chart
// under the pointer does; the others follow with their crosshairs.
export function showNearest(plot: uPlot, lines: readonly Line[], isLog: boolean, xName: string): string | undefined {
  const tooltip = tooltipOf(plot);
  const { left = -1, top = -1, event } = plot.cursor;
  const isHere = left >= 0 && event && plot.over.contains(event.target as Node);
  // In pixels; infinite for what is not drawn.
  const distance = ({ line, at }: Reading) =>
    isDrawable(line.ys[at], isLog) ? Math.abs(plot.valToPos(line.ys[at], 'y') - top) : Infinity;
  const readings = isHere ? readingsAt(lines, plot.posToVal(left, 'x'), distance) : undefined;
  tooltip.hidden = !readings;
  if (!readings) return undefined;
  fill(tooltip, readings, isLog, xName);
  place(tooltip, plot, lines, isLog, readings.all[0].line);
  return readings.all[0].line.group;
}

// Where it hides least of the lines, the nearest above all: beside the cursor, at the upper or the lower edge, and never beyond the chart.
function place(tooltip: HTMLElement, plot: uPlot, lines: readonly Line[], isLog: boolean, nearest: Line): void {
  const { clientWidth, clientHeight } = plot.over;
  const { offsetWidth: width, offsetHeight: height } = tooltip;
  const cursor = plot.cursor.left ?? 0;
  const [most, lowest] = [Math.max(0, clientWidth - width), Math.max(0, clientHeight - height - 4)];
  const sides = [cursor + 16, cursor - 16 - width].map((left) => Math.min(most, Math.max(0, left)));
  if (cursor > clientWidth / 2) sides.reverse();
  const places = sides.flatMap((left) => [4, lowest].map((top) => ({ left, top })));
  const hides = ({ left, top }: { left: number; top: number }) => {
    const isOver = cursor > left - 4 && cursor < left + width + 4;
    const box = { left, right: left + width, top, bottom: top + height };
    return hidden(plot, lines, isLog, box) + 3 * hidden(plot, [nearest], isLog, box) + (isOver ? SAMPLES / 2 : 0);
  };
  const costs = places.map(hides);
  const { left, top } = places[costs.indexOf(Math.min(...costs))];
  tooltip.style.left = `${left}px`;
  tooltip.style.top = `${top}px`;
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

// How much of the means lies in a box of the plot: of a few places across it, and of their ends, so many.
function hidden(plot: uPlot, lines: readonly Line[], isLog: boolean, box: Box): number {
  const across = Array.from({ length: SAMPLES + 1 }, (_, i) => plot.posToVal(box.left + ((box.right - box.left) * i) / SAMPLES, 'x'));
  const isIn = (x: number, y: number) => {
    if (!isDrawable(y, isLog)) return false;
    const [left, top] = [plot.valToPos(x, 'x'), plot.valToPos(y, 'y')];
    return left >= box.left - 1 && left <= box.right + 1 && top >= box.top && top <= box.bottom;
  };
  let count = 0;
  for (const { role, xs, ys } of lines) {
    if (role !== 'mean' || xs.length === 0) continue;
    const [first, last] = [xs[0], xs[xs.length - 1]];
    for (const x of [first, last]) count += Number(isIn(x, interpolate(xs, ys, x)));
    for (const x of across) count += Number(x > first && x < last && isIn(x, interpolate(xs, ys, x)));
  }
  return count;
}

function fill(tooltip: HTMLElement, { x, all }: Readings, isLog: boolean, xName: string): void {
  const heading = document.createElement('div');
  heading.textContent = `${xName} ${tickText(x)}`;
  const [nearest] = all;
  const shown = all.length > MOST_ROWS + 1 ? all.slice(0, MOST_ROWS) : all;
  const rows = [...shown].sort(byValue).map((reading) => {
    const { line, at } = reading;
    const row = document.createElement('div');
    row.className = reading === nearest ? 'nearest' : '';
    const swatch = document.createElement('i');
    swatch.style.background = line.style.color;
    const value = document.createElement('b');
    value.textContent = axisValueText(line.ys[at], isLog);
    row.append(swatch, line.label, value, spreadText(line, at), tickText(line.xs[at]) === tickText(x) ? '' : ` at ${tickText(line.xs[at])}`);
    return row;
  });
  if (shown.length < all.length) {
    const more = document.createElement('div');
    more.className = 'more';
    more.textContent = `… ${all.length - shown.length} more`;
    rows.push(more);
  }
  tooltip.replaceChildren(heading, ...rows);
}

// From the highest to the lowest; NaN last.
function byValue(a: Reading, b: Reading): number {
  const [left, right] = [a, b].map(({ line, at }) => (Number.isNaN(line.ys[at]) ? -Infinity : line.ys[at]));
  return left === right ? 0 : right - left;
}

function tooltipOf(plot: uPlot): HTMLElement {
  const found = plot.over.querySelector<HTMLElement>('.tooltip');
  if (found) return found;
  const tooltip = document.createElement('div');
  tooltip.className = 'tooltip';
  tooltip.hidden = true;
  plot.over.append(tooltip);
  return tooltip;
}
