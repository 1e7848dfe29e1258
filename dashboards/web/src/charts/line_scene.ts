import { axisLine, tickLabel } from '../data/axis_marks';
import { PARTIAL_LOOK, PARTIAL_TEXT, type Panel, drawnValues, isPartly, strokesOf } from '../data/line';
import { createScale, domainOf, isDrawable } from '../data/scale';
import type { Ink, Mark, Scene } from '../data/scene';
import { marksText, strokesAt, undrawableAt } from './undrawable';

const SIZE = { width: 640, height: 360 };
const MARGIN = { left: 62, right: 16, top: 34, bottom: 44 };
const ALPHAS = { mean: 1, member: 0.35, raw: 0.3 };

// The panel as a figure for a paper: with its title, axes and legend.
export function lineScene(panel: Panel, xLabel: string, zoom: [number, number] | undefined, ink: Ink): Scene {
  const means = panel.lines.filter((line) => line.role === 'mean');
  const hasPartial = panel.lines.some(isPartly);
  const notes = [hasPartial ? PARTIAL_TEXT : '', marksText([panel])].filter((note) => note !== '');
  const legendHeight = (means.length + notes.length) * 16 + 8;
  const { width } = SIZE;
  const height = SIZE.height + legendHeight;
  const bottom = SIZE.height - MARGIN.bottom;
  const allX = panel.lines.flatMap((line) => [line.xs[0], line.xs[line.xs.length - 1]]);
  const x = createScale(false, zoom ?? domainOf(allX, false, 0), [MARGIN.left, width - MARGIN.right], 7);
  const xTicks = xLabel === 'seconds' ? x.ticks : x.ticks.filter(Number.isInteger);
  const y = createScale(panel.isLog, domainOf(drawnValues(panel.lines, panel.isLog), panel.isLog), [bottom, MARGIN.top]);
  const inside = (value: number) => value >= x.domain[0] && value <= x.domain[1];

  const marks: Mark[] = [
    {
      kind: 'text',
      x: MARGIN.left,
      y: 20,
      text: panel.unit ? `${panel.title} (${panel.unit})` : panel.title,
      color: ink.text,
      size: 13,
      bold: true,
    },
    ...y.ticks.flatMap((tick) => [
      axisLine([MARGIN.left, y.at(tick)], [width - MARGIN.right, y.at(tick)], ink.grid),
      tickLabel(tick, MARGIN.left - 8, y.at(tick) + 4, 'end', ink),
    ]),
    ...xTicks.flatMap((tick) => [
      axisLine([x.at(tick), bottom], [x.at(tick), bottom + 4], ink.faint),
      tickLabel(tick, x.at(tick), bottom + 18, 'middle', ink),
    ]),
    {
      kind: 'text',
      x: (MARGIN.left + width - MARGIN.right) / 2,
      y: bottom + 36,
      text: xLabel,
      color: ink.faint,
      size: 11,
      anchor: 'middle',
    },
  ];
  const placed = (xs: readonly number[], ys: readonly number[]) =>
    runs(xs, ys, panel.isLog, inside).map((run) => run.map(([a, b]): [number, number] => [x.at(a), y.at(b)]));
  for (const line of panel.lines) {
    const { style, role, xs, low, high } = line;
    if (low && high) {
      const floor = panel.isLog ? y.domain[0] : -Infinity;
      const tops = placed(xs, high);
      const bottoms = placed(
        xs,
        low.map((value, i) => (Number.isFinite(high[i]) ? Math.max(value, floor) : NaN)),
      );
      tops.forEach((top, i) =>
        marks.push({ kind: 'area', points: [...top, ...(bottoms[i] ?? []).toReversed()], color: style.color, alpha: 0.12 }),
      );
    }
    for (const { isPartial, ys } of strokesOf(line)) {
      const look = isPartial ? PARTIAL_LOOK : { alpha: ALPHAS[role], dash: role === 'mean' ? style.dash : [] };
      for (const points of placed(xs, ys)) {
        const [[x, y]] = points;
        // A single point makes no line.
        if (points.length === 1) marks.push({ kind: 'dot', x, y, radius: role === 'mean' ? 3 : 2, color: style.color, alpha: look.alpha });
        else marks.push({ kind: 'line', points, color: style.color, width: role === 'mean' ? 1.8 : 1, ...look });
      }
    }
    if (role === 'raw') continue;
    for (const { x: at, place } of undrawableAt(line, panel.isLog)) {
      if (!inside(at)) continue;
      for (const points of strokesAt(place, x.at(at), place === 'above' ? MARGIN.top + 6 : bottom - 6, 4))
        marks.push({ kind: 'line', points, color: style.color, width: 1.5 });
    }
  }
  means.forEach(({ label, style }, i) => {
    const top = SIZE.height + 4 + i * 16;
    marks.push({
      kind: 'line',
      points: [
        [MARGIN.left, top],
        [MARGIN.left + 24, top],
      ],
      color: style.color,
      width: 2,
      dash: style.dash,
    });
    marks.push({ kind: 'text', x: MARGIN.left + 32, y: top + 4, text: label, color: ink.text, size: 11 });
  });
  notes.forEach((text, i) =>
    marks.push({ kind: 'text', x: MARGIN.left + 32, y: SIZE.height + 8 + (means.length + i) * 16, text, color: ink.faint, size: 11 }),
  );
  return { width, height, background: ink.paper, marks };
}

// Stretches of a line that can be drawn.
function runs(xs: readonly number[], ys: readonly number[], isLog: boolean, inside: (x: number) => boolean): [number, number][][] {
  const found: [number, number][][] = [];
  let current: [number, number][] = [];
  xs.forEach((x, i) => {
    if (isDrawable(ys[i], isLog) && inside(x)) {
      if (current.length === 0) found.push(current);
      current.push([x, ys[i]]);
    } else if (current.length > 0) {
      current = [];
    }
  });
  return found;
}
