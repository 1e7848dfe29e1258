import type uPlot from 'uplot';
import { axisValueText, tickText } from '../data/format';
import type { Line } from '../data/line';
import { isDrawable } from '../data/scale';
import { type Reading, type Readings, readingsAt, spreadText } from '../data/readings';

const MOST_ROWS = 12;

// Shows beside the cursor what the means are there, the nearest first, and returns the nearest one's group. Only the chart under the
// pointer does; the others follow with their crosshairs.
export function showNearest(plot: uPlot, lines: readonly Line[], isLog: boolean): string | undefined {
  const tooltip = tooltipOf(plot);
  const { left = -1, top = -1, event } = plot.cursor;
  const isHere = left >= 0 && event && plot.over.contains(event.target as Node);
  // In pixels; infinite for what is not drawn.
  const distance = ({ line, at }: Reading) =>
    isDrawable(line.ys[at], isLog) ? Math.abs(plot.valToPos(line.ys[at], 'y') - top) : Infinity;
  const readings = isHere ? readingsAt(lines, plot.posToVal(left, 'x'), distance) : undefined;
  tooltip.hidden = !readings;
  if (!readings) return undefined;
  fill(tooltip, readings, isLog);
  // Beside the cursor, where it has more room, and never beyond the chart.
  const { clientWidth } = plot.over;
  const onRight = left < clientWidth / 2;
  const gap = Math.max(0, Math.min((onRight ? left : clientWidth - left) + 16, clientWidth - tooltip.offsetWidth));
  tooltip.style.left = onRight ? `${gap}px` : '';
  tooltip.style.right = onRight ? '' : `${gap}px`;
  tooltip.style.top = '4px';
  return readings.all[0].line.group;
}

function fill(tooltip: HTMLElement, { x, all }: Readings, isLog: boolean): void {
  const heading = document.createElement('div');
  heading.textContent = tickText(x);
  const rows = all.slice(0, MOST_ROWS).map(({ line, at }, i) => {
    const row = document.createElement('div');
    row.className = i === 0 ? 'nearest' : '';
    const swatch = document.createElement('i');
    swatch.style.background = line.style.color;
    const value = document.createElement('b');
    value.textContent = axisValueText(line.ys[at], isLog);
    const place = tickText(line.xs[at]);
    row.append(swatch, line.label, value, spreadText(line, at), place === heading.textContent ? '' : ` at ${place}`);
    return row;
  });
  tooltip.replaceChildren(heading, ...rows);
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
