import { expect, test } from 'vitest';
import type { MeasuredCurve } from '../src/data/curve';
import { INFINITE_COLOR, NAN_COLOR, heatAt, heatMapOf, heatScene } from '../src/data/heat';
import { axisOf, isBrushed, parallelLayout, shareOf } from '../src/data/parallel';
import { createScale } from '../src/data/scale';
import { type Dot, nearestDot, scatterOf } from '../src/data/scatter';
import { LIGHT_INK } from '../src/data/scene';

const layer = (number: number, values: number[]): MeasuredCurve => ({
  metric: 'kurtosis',
  site: 'block',
  layer: number,
  trialId: '',
  trials: 0, trialIds: [],
  arm: {},
  seed: 0,
  steps: [10, 20],
  values,
  counts: [],
  deviations: [],
});

test('a heat map has a cell for each value, and shows those without a colour', () => {
  const map = heatMapOf([layer(1, [1, NaN]), layer(0, [10, Infinity])], 20);
  expect(map.layers).toEqual([0, 1]);
  const frame = { width: 300, height: 200, colors: createScale(true, [1, 10], [0, 1]), ink: LIGHT_INK };
  const cells = heatScene(map, frame).marks.filter((mark) => mark.kind === 'rect');
  expect(cells).toHaveLength(4);
  const colors = cells.map((cell) => cell.color);
  expect(colors).toContain(NAN_COLOR);
  expect(colors).toContain(INFINITE_COLOR);
  // Layer 0 is the lowest row.
  expect(heatAt(map, frame, [290, 160])).toEqual({ layer: 0, step: 20, value: Infinity });
  expect(heatAt(map, frame, [100, 10])).toEqual({ layer: 1, step: 10, value: 1 });
  expect(heatAt(map, frame, [5, 10])).toBeUndefined();
});

const dot = (id: string, x: number, y: number, isDiverged = false): Dot => ({
  id,
  label: id,
  group: 'g',
  style: { color: '#000000', dash: [] },
  x,
  y,
  isDiverged,
});

test('a scatter keeps the dots that have no place on its axes', () => {
  const axes = { x: { name: 'kurtosis_max', isLog: true }, y: { name: 'eval_loss', isLog: false } };
  const { dots, scene } = scatterOf(
    [dot('a', 1, 2), dot('b', 10, 3), dot('c', Infinity, NaN, true)],
    axes,
    { width: 400, height: 300 },
    LIGHT_INK,
  );
  const c = dots[2];
  expect(c.left).toBeGreaterThan(dots[1].left);
  expect(c.top).toBeGreaterThan(dots[0].top);
  expect(scene.marks.filter((mark) => mark.kind === 'cross')).toHaveLength(1);
  const texts = scene.marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []));
  expect(texts).toContain('∞');
  expect(texts).toContain('NaN');
  expect(nearestDot(dots, [dots[0].left + 3, dots[0].top])?.id).toBe('a');
  expect(nearestDot(dots, [0, 0])).toBeUndefined();
});

test('parallel axes: names, numbers, and what has no place', () => {
  const strands = [
    { id: 'a', label: 'a', values: ['adam', 1] },
    { id: 'b', label: 'b', values: ['soap', 1000] },
    { id: 'c', label: 'c', values: ['soap', NaN] },
  ];
  const axes = [
    axisOf(
      'optimizer.name',
      strands.map((strand) => strand.values[0]),
      false,
    ),
    axisOf(
      'kurtosis',
      strands.map((strand) => strand.values[1]),
      false,
    ),
  ];
  expect(axes[0].names).toEqual(['adam', 'soap']);
  const layout = parallelLayout(axes, strands, { width: 400, height: 300 });
  expect(shareOf(layout, 0, 'adam')).toBeCloseTo(0.25, 9);
  expect(shareOf(layout, 1, NaN)).toBeLessThan(0);
  expect(shareOf(layout, 1, Infinity)).toBeGreaterThan(1);
  const kept = strands.filter((strand) => isBrushed(layout, strand, new Map([['kurtosis', [0.5, 1]]])));
  expect(kept.map((strand) => strand.id)).toEqual(['b']);
});

test('an axis of positive numbers over decades is logarithmic', () => {
  expect(axisOf('optimizer.learning_rate', [1e-4, 1e-3, 1e-2], false).isLog).toBe(true);
  expect(axisOf('seed', [0, 1, 2], false).isLog).toBe(false);
});
