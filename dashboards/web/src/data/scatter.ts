import { axisLine, tickLabel } from './axis_marks';
import type { Style } from './color';
import { type Place, belowText, placeOf } from './line';
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
  // Beyond a logarithmic axis.
  hasNotPositive: boolean;
}

const MARGIN = { left: 54, right: 30, top: 22, bottom: 46 };
// Values that have no place stand in strips beyond the axes: ∞ above and to the right; below and to the left what lies below the axis, then NaN.
const STRIP = 12;
const NEXT_STRIP = 24;

interface Strip {
  place: Place;
  text: string;
  // Its middle, in pixels across the axis.
  at: number;
}

// How far the strips that these values need at the lower end reach; one always has its place.
function roomBelow(values: readonly number[], isLog: boolean): number {
  const places = new Set(values.map((value) => placeOf(value, isLog)));
  return places.has('below') && places.has('nan') ? STRIP + NEXT_STRIP : STRIP;
}

function stripsOf(values: readonly number[], isLog: boolean, [low, high]: [number, number]): Strip[] {
  const places = new Set(values.map((value) => placeOf(value, isLog)));
  const outwards = Math.sign(low - high);
  const strips: Strip[] = [];
  if (places.has('above')) strips.push({ place: 'above', text: '∞', at: high - outwards * STRIP });
  if (places.has('below')) strips.push({ place: 'below', text: belowText(isLog), at: low + outwards * STRIP });
  if (places.has('nan')) strips.push({ place: 'nan', text: 'NaN', at: low + outwards * roomBelow(values, isLog) });
  return strips;
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
  const room = { x: roomBelow(values.x, axes.x.isLog), y: roomBelow(values.y, axes.y.isLog) };
  const [left, right] = [MARGIN.left + room.x, width - MARGIN.right];
  const [top, bottom] = [MARGIN.top, height - MARGIN.bottom - room.y];
  const x = createScale(axes.x.isLog, domainOf(values.x, axes.x.isLog), [left, right], Math.max(3, width / 110));
  const y = createScale(axes.y.isLog, domainOf(values.y, axes.y.isLog), [bottom, top], 6);
  const strips = { x: stripsOf(values.x, axes.x.isLog, [left, right]), y: stripsOf(values.y, axes.y.isLog, [bottom, top]) };
  const hasNotPositive = [...strips.x, ...strips.y].some(({ text }) => text === belowText(true));
  const placed = dots.map((dot) => ({ ...dot, left: pixelOf(dot.x, x, strips.x), top: pixelOf(dot.y, y, strips.y) }));
  const stripText = (text: string, x: number, y: number): Mark => ({ kind: 'text', x, y, text, color: ink.faint, size: 10, anchor: 'middle' });
  const marks: Mark[] = [
    ...x.ticks.flatMap((tick) => [
      axisLine([x.at(tick), top], [x.at(tick), bottom], ink.grid),
      tickLabel(tick, x.at(tick), bottom + room.y + 20, 'middle', ink),
    ]),
    ...y.ticks.flatMap((tick) => [
      axisLine([left, y.at(tick)], [right, y.at(tick)], ink.grid),
      tickLabel(tick, left - room.x - 12, y.at(tick) + 4, 'end', ink),
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
    ...strips.x.map(({ text, at }) => stripText(text, at, top - 8)),
    ...strips.y.map(({ text, at }) => stripText(text, right + 14, at + 4)),
  ];
  return { scene: { width, height, background: ink.paper, marks }, dots: placed, hasNotPositive };
}

function pixelOf(value: number, scale: Scale, strips: readonly Strip[]): number {
  const place = placeOf(value, scale.isLog);
  return strips.find((strip) => strip.place === place)?.at ?? scale.at(value);
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
