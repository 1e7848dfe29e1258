import { axisLine, tickLabel } from './axis_marks';
import type { Style } from './color';
import { isDrawable } from './line';
import { type Scale, createScale, domainOf } from './scale';
import type { Ink, Mark, Scene } from './scene';

export interface Dot {
  id: string;
  label: string;
  group: string;
  style: Style;
  x: number;
  y: number;
  // Its values are those of the last step before it diverged.
  isDiverged: boolean;
}

export interface ScatterAxes {
  x: { name: string; isLog: boolean };
  y: { name: string; isLog: boolean };
}

export interface Placed extends Dot {
  left: number;
  top: number;
}

export interface Scatter {
  scene: Scene;
  dots: Placed[];
}

const MARGIN = { left: 66, right: 30, top: 22, bottom: 58 };
// Values that have no place stand in a strip beyond the axes: ∞ above and to the right, NaN below and to the left.
const STRIP = 12;

export function scatterOf(
  dots: readonly Dot[],
  axes: ScatterAxes,
  size: { width: number; height: number },
  ink: Ink,
  focus?: string,
): Scatter {
  const { width, height } = size;
  const bottom = height - MARGIN.bottom;
  const x = createScale(
    axes.x.isLog,
    domainOf(
      dots.map((dot) => dot.x),
      axes.x.isLog,
    ),
    [MARGIN.left, width - MARGIN.right],
    Math.max(3, width / 110),
  );
  const y = createScale(
    axes.y.isLog,
    domainOf(
      dots.map((dot) => dot.y),
      axes.y.isLog,
    ),
    [bottom, MARGIN.top],
    6,
  );
  const placed = dots.map((dot) => ({
    ...dot,
    left: place(dot.x, x, MARGIN.left - STRIP, width - MARGIN.right + STRIP),
    top: place(dot.y, y, bottom + STRIP, MARGIN.top - STRIP),
  }));
  const marks: Mark[] = [
    ...x.ticks.flatMap((tick) => [
      axisLine([x.at(tick), MARGIN.top], [x.at(tick), bottom], ink.grid),
      tickLabel(tick, x.at(tick), bottom + 32, 'middle', ink),
    ]),
    ...y.ticks.flatMap((tick) => [
      axisLine([MARGIN.left, y.at(tick)], [width - MARGIN.right, y.at(tick)], ink.grid),
      tickLabel(tick, MARGIN.left - 24, y.at(tick) + 4, 'end', ink),
    ]),
    {
      kind: 'text',
      x: (MARGIN.left + width - MARGIN.right) / 2,
      y: height - 6,
      text: axisText(axes.x),
      color: ink.faint,
      size: 12,
      anchor: 'middle',
    },
    { kind: 'text', x: 14, y: (MARGIN.top + bottom) / 2, text: axisText(axes.y), color: ink.faint, size: 12, anchor: 'middle', turn: -90 },
    ...placed.map((dot) => dotMark(dot, focus)),
    ...stripMarks(placed, { bottom, width, ink }),
  ];
  return { scene: { width, height, background: ink.paper, marks }, dots: placed };
}

function place(value: number, scale: Scale, below: number, above: number): number {
  if (isDrawable(value, scale.isLog)) return scale.at(value);
  return value === Infinity ? above : below;
}

function dotMark(dot: Placed, focus: string | undefined): Mark {
  const alpha = focus === undefined || focus === dot.group ? 0.9 : 0.12;
  const shared = { x: dot.left, y: dot.top, color: dot.style.color, alpha };
  return dot.isDiverged
    ? { kind: 'cross', radius: 4.5, ...shared }
    : { kind: 'dot', radius: 4.5, hollow: dot.style.dash.length > 0, ...shared };
}

function stripMarks(dots: readonly Placed[], { bottom, width, ink }: { bottom: number; width: number; ink: Ink }): Mark[] {
  const edges: [boolean, number, number, string][] = [
    [dots.some((dot) => dot.left < MARGIN.left - 1), MARGIN.left - STRIP, MARGIN.top - 8, 'NaN'],
    [dots.some((dot) => dot.left > width - MARGIN.right + 1), width - MARGIN.right + STRIP, MARGIN.top - 8, '∞'],
    [dots.some((dot) => dot.top > bottom + 1), width - MARGIN.right + 14, bottom + STRIP + 4, 'NaN'],
    [dots.some((dot) => dot.top < MARGIN.top - 1), width - MARGIN.right + 14, MARGIN.top - STRIP + 4, '∞'],
  ];
  return edges.filter(([has]) => has).map(([, x, y, text]) => ({ kind: 'text', x, y, text, color: ink.faint, size: 10, anchor: 'middle' }));
}

function axisText({ name, isLog }: { name: string; isLog: boolean }): string {
  return isLog ? `${name} (log)` : name;
}

export function nearestDot(dots: readonly Placed[], [left, top]: [number, number], reach = 14): Placed | undefined {
  let nearest: Placed | undefined;
  let least = reach;
  for (const dot of dots) {
    const distance = Math.hypot(dot.left - left, dot.top - top);
    if (distance <= least) [nearest, least] = [dot, distance];
  }
  return nearest;
}
