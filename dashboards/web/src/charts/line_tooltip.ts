import type uPlot from 'uplot';
import { numberText, tickText } from '../data/format';
import { type Line, isDrawable } from '../data/line';

const MOST_ROWS = 12;

interface Reading {
  line: Line;
  at: number;
  // From the cursor, in pixels; infinite for what is not drawn.
  distance: number;
}

// Shows beside the cursor what the means are there, the nearest first, and returns the nearest one's group. Only the chart under the
// pointer does; the others follow with their crosshairs.
export function showNearest(plot: uPlot, lines: readonly Line[], isLog: boolean): string | undefined {
  const tooltip = tooltipOf(plot);
  const { left = -1, top = -1, event } = plot.cursor;
  if (left < 0 || !event || !plot.over.contains(event.target as Node)) {
    tooltip.hidden = true;
    return undefined;
  }
  const x = plot.posToVal(left, 'x');
  const readings = lines.filter((line) => line.role === 'mean' && line.xs.length > 0).map((line) => read(plot, line, x, top, isLog));
  readings.sort((a, b) => a.distance - b.distance);
  if (readings.length === 0) {
    tooltip.hidden = true;
    return undefined;
  }
  fill(tooltip, readings, x);
  tooltip.hidden = false;
  const onRight = left < plot.over.clientWidth / 2;
  tooltip.style.left = onRight ? `${left + 16}px` : '';
  tooltip.style.right = onRight ? '' : `${plot.over.clientWidth - left + 16}px`;
  tooltip.style.top = '4px';
  return readings[0].line.group;
}

function read(plot: uPlot, line: Line, x: number, top: number, isLog: boolean): Reading {
  const at = nearestIndex(line.xs, x);
  const y = line.ys[at];
  return { line, at, distance: isDrawable(y, isLog) ? Math.abs(plot.valToPos(y, 'y') - top) : Infinity };
}

export function nearestIndex(ascending: readonly number[], x: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && x - ascending[low - 1] < ascending[low] - x ? low - 1 : low;
}

function fill(tooltip: HTMLElement, readings: readonly Reading[], x: number): void {
  const heading = document.createElement('div');
  heading.textContent = tickText(readings[0] ? readings[0].line.xs[readings[0].at] : x);
  const rows = readings.slice(0, MOST_ROWS).map(({ line, at }, i) => {
    const row = document.createElement('div');
    row.className = i === 0 ? 'nearest' : '';
    const swatch = document.createElement('i');
    swatch.style.background = line.style.color;
    const value = document.createElement('b');
    value.textContent = numberText(line.ys[at]);
    row.append(swatch, line.label, value, bandText(line, at));
    return row;
  });
  tooltip.replaceChildren(heading, ...rows);
}

function bandText({ ys, high, counts }: Line, at: number): string {
  const deviation = high && Number.isFinite(high[at]) ? ` ± ${numberText(high[at] - ys[at], 2)}` : '';
  return `${deviation}${counts ? ` (${counts[at]})` : ''}`;
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
