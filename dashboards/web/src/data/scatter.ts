import { axisLine, tickLabel } from './axis_marks';
import type { Style } from './color';
import { type Place, type Scale, belowText, createScale, domainOf, placeOf } from './scale';
import type { Anchor, Ink, Mark, Scene } from './scene';

export interface Dot {
  id: string;
  label: string;
  group: string;
  style: Style;
  // undefined where it has none.
  x: number | undefined;
  y: number | undefined;
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
  // Beyond a logarithmic axis.
  hasNotPositive: boolean;
}

const MARGIN = { left: 54, right: 12, top: 12, bottom: 46 };
// Values that have no place stand in strips beyond the ends of an axis, from the axis outwards: below it what lies below its numbers; above it ∞, then NaN and what
// has no value at all. Of a loss or a kurtosis that is the worse end, where a trial that diverged belongs.
const STRIP = { x: 34, y: 18 };
const GAP = 4;

interface Strip {
  holds(value: number | undefined): boolean;
  isBelow: boolean;
  text: string;
}

function stripsOf(values: readonly (number | undefined)[], isLog: boolean): Strip[] {
  const at = (place: Place) => (value: number | undefined) => placeOf(value ?? NaN, isLog) === place;
  const none = [...(values.some(Number.isNaN) ? ['NaN'] : []), ...(values.includes(undefined) ? ['none'] : [])].join(', ');
  const strips = [
    { holds: at('below'), isBelow: true, text: belowText(isLog) },
    { holds: at('above'), isBelow: false, text: '∞' },
    { holds: at('nan'), isBelow: false, text: none },
  ];
  return strips.filter(({ holds }) => values.some(holds));
}

interface Sided {
  // Where the axis itself begins and ends, in pixels.
  range: [number, number];
  strips: (Strip & { at: number })[];
}

// Shares out the pixels from `low` to `high` among an axis and its strips, each `width` wide.
function shareOut(strips: readonly Strip[], [low, high]: [number, number], width: number): Sided {
  const outwards = Math.sign(high - low);
  const below = strips.filter(({ isBelow }) => isBelow);
  const above = strips.filter(({ isBelow }) => !isBelow);
  const room = (count: number) => (count > 0 ? count * width + GAP : 0);
  return {
    range: [low + outwards * room(below.length), high - outwards * room(above.length)],
    strips: [
      ...below.map((strip, i) => ({ ...strip, at: low + outwards * (room(below.length) - GAP - (i + 0.5) * width) })),
      ...above.map((strip, i) => ({ ...strip, at: high - outwards * (room(above.length) - GAP - (i + 0.5) * width) })),
    ],
  };
}

export function scatterOf(
  dots: readonly Dot[],
  axes: ScatterAxes,
  size: { width: number; height: number },
  ink: Ink,
  focus?: string,
): Scatter {
  const { width, height } = size;
  const values = { x: dots.map((dot) => dot.x), y: dots.map((dot) => dot.y) };
  const frame = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const across = shareOut(stripsOf(values.x, axes.x.isLog), [frame.left, frame.right], STRIP.x);
  const upright = shareOut(stripsOf(values.y, axes.y.isLog), [frame.bottom, frame.top], STRIP.y);
  const known = (numbers: readonly (number | undefined)[]) => numbers.filter((value) => value !== undefined);
  const x = createScale(axes.x.isLog, domainOf(known(values.x), axes.x.isLog), across.range, Math.max(3, width / 110));
  const y = createScale(axes.y.isLog, domainOf(known(values.y), axes.y.isLog), upright.range, 6);
  const [left, right] = across.range;
  const [bottom, top] = upright.range;
  const hasNotPositive = [...across.strips, ...upright.strips].some(({ text }) => text === belowText(true));
  const placed = dots.map((dot) => ({ ...dot, left: pixelOf(dot.x, x, across.strips), top: pixelOf(dot.y, y, upright.strips) }));
  const marks: Mark[] = [
    ...across.strips.map(({ at }) => stripMark(at - STRIP.x / 2 + 1, frame.top, STRIP.x - 2, frame.bottom - frame.top, ink)),
    ...upright.strips.map(({ at }) => stripMark(frame.left, at - STRIP.y / 2 + 1, frame.right - frame.left, STRIP.y - 2, ink)),
    ...across.strips.map(({ text, at }) => stripText(text, at, frame.bottom + 20, 'middle', ink)),
    ...upright.strips.map(({ text, at }) => stripText(text, frame.left - 12, at + 4, 'end', ink)),
    ...x.ticks.flatMap((tick) => [
      axisLine([x.at(tick), top], [x.at(tick), bottom], ink.grid),
      tickLabel(tick, x.at(tick), frame.bottom + 20, 'middle', ink),
    ]),
    ...y.ticks.flatMap((tick) => [
      axisLine([left, y.at(tick)], [right, y.at(tick)], ink.grid),
      tickLabel(tick, frame.left - 12, y.at(tick) + 4, 'end', ink),
    ]),
    {
      kind: 'text',
      x: (left + right) / 2,
      y: height - 6,
      text: axisText(axes.x),
      color: ink.faint,
      size: 12,
      anchor: 'middle',
    },
    { kind: 'text', x: 14, y: (top + bottom) / 2, text: axisText(axes.y), color: ink.faint, size: 12, anchor: 'middle', turn: -90 },
    ...placed.map((dot) => dotMark(dot, focus)),
  ];
  return { scene: { width, height, background: ink.paper, marks }, dots: placed, hasNotPositive };
}

function pixelOf(value: number | undefined, scale: Scale, strips: Sided['strips']): number {
  return strips.find((strip) => strip.holds(value))?.at ?? scale.at(value!);
}

function stripMark(x: number, y: number, width: number, height: number, ink: Ink): Mark {
  return { kind: 'rect', x, y, width, height, color: ink.grid, alpha: 0.5 };
}

function stripText(text: string, x: number, y: number, anchor: Anchor, ink: Ink): Mark {
  return { kind: 'text', x, y, text, color: ink.faint, size: 11, anchor };
}

function dotMark(dot: Placed, focus: string | undefined): Mark {
  const alpha = focus === undefined || focus === dot.group ? 0.9 : 0.12;
  const shared = { x: dot.left, y: dot.top, color: dot.style.color, alpha };
  return dot.isDiverged
    ? { kind: 'cross', radius: 4.5, ...shared }
    : { kind: 'dot', radius: 4.5, hollow: dot.style.dash.length > 0, ...shared };
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
