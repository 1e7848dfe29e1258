// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { axisValueText } from '../src/data/format';
import type { MeasuredCurve } from '../src/data/curve';
import { BELOW_COLOR, INFINITE_COLOR, NAN_COLOR, rampColor } from '../src/data/color';
import { heatAt, heatMapOf, heatScene } from '../src/data/heat';
import { axisOf, isBrushed, parallelLayout, parallelScene, shareOf } from '../src/data/parallel';
import { createScale } from '../src/data/scale';
import { type Dot, nearestDot, scatterOf } from '../src/data/scatter';
import { LIGHT_INK } from '../src/data/scene';
import { leftOutText } from '../src/data/states';
import { MeasuredMetricSchema } from '../src/gen/ofsweep/v1/results_pb';
import { meanText } from '../src/pages/layers_view';
import { hasLogAxis } from '../src/pages/results';
import { dotsOf } from '../src/pages/scatter_view';

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
  counts: [2, 1],
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
  expect(heatAt(map, frame, [290, 160])).toEqual({ layer: 0, step: 20, value: Infinity, count: 1 });
  expect(heatAt(map, frame, [100, 10])).toEqual({ layer: 1, step: 10, value: 1, count: 2 });
  expect(heatAt(map, frame, [5, 10])).toBeUndefined();
});

test('a map says which mean it is', () => {
  expect(meanText(6, true)).toBe('geometric mean of 6 trials');
  expect(meanText(6, false)).toBe('arithmetic mean of 6 trials');
  expect(meanText(1, true)).toBe('1 trial');
});

test('a map tells what is not positive from NaN', () => {
  const frame = { width: 300, height: 200, colors: createScale(true, [1, 10], [0, 1]), ink: LIGHT_INK };
  const colors = (values: number[]) =>
    heatScene(heatMapOf([layer(0, values)], 20), frame).marks.flatMap((mark) => (mark.kind === 'rect' ? [mark.color] : []));
  expect(colors([0, NaN])).toEqual([BELOW_COLOR, NAN_COLOR]);
});

const dot = (id: string, x: number, y: number | undefined, isDiverged = false): Dot => ({
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
  // What diverged is not below the lowest loss, as if it were the best.
  expect(c.top).toBeLessThan(dots[1].top);
  expect(scene.marks.filter((mark) => mark.kind === 'cross')).toHaveLength(1);
  const texts = scene.marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []));
  expect(texts).toContain('∞');
  expect(texts).toContain('NaN');
  // Its name stands at the height of the strip.
  const label = scene.marks.find((mark) => mark.kind === 'text' && mark.text === 'NaN')!;
  expect(label).toMatchObject({ y: c.top + 4 });
  expect(nearestDot(dots, [dots[0].left + 3, dots[0].top])?.id).toBe('a');
  expect(nearestDot(dots, [0, 0])).toBeUndefined();
});

test('a value that a logarithmic axis cannot show is not NaN', () => {
  const on = (isLog: boolean, xs: number[]) => {
    const axes = { x: { name: 'kurtosis_centred', isLog }, y: { name: 'eval_loss', isLog: false } };
    const { dots, scene } = scatterOf(
      xs.map((x, i) => dot(String(i), x, i)),
      axes,
      { width: 400, height: 300 },
      LIGHT_INK,
    );
    const texts = scene.marks.flatMap((mark) => (mark.kind === 'text' && ['NaN', '≤ 0', '−∞'].includes(mark.text) ? [mark.text] : []));
    return { lefts: dots.map(({ left }) => left), texts };
  };
  const log = on(true, [1, 10, -0.5, 0, NaN]);
  expect(log.texts).toEqual(['≤ 0', 'NaN']);
  const [least, ten, negative, zero, nan] = log.lefts;
  expect(negative).toBe(zero);
  expect(nan).toBeGreaterThan(ten);
  expect(negative).toBeLessThan(least);
  expect(on(true, [1, 10, -0.5]).texts).toEqual(['≤ 0']);
  expect(on(false, [1, 10, -0.5]).texts).toEqual([]);
  expect(on(false, [1, -Infinity, NaN]).texts).toEqual(['−∞', 'NaN']);
  expect(axisValueText(-0.13, true)).toBe('−0.1300 (not positive)');
  expect(axisValueText(-0.13, false)).toBe('−0.1300');
});

test('a difference has a linear axis, though its metric has a logarithmic one', () => {
  const series = [create(MeasuredMetricSchema, { name: 'int8_perplexity', logAxis: true })];
  expect(hasLogAxis('int8_perplexity', series)).toBe(true);
  expect(hasLogAxis('int8_perplexity_delta', series)).toBe(false);
  expect(hasLogAxis('w8a4_perplexity_delta', [])).toBe(false);
});

test('only trials with an outcome are dots, and the others are counted', () => {
  const trial = (trialId: string, state: string, results: Record<string, number>) => ({ trialId, label: trialId, state, results });
  const trials = [
    trial('a', 'completed', { kurtosis_max: 1, eval_loss: 2 }),
    trial('b', 'cancelled', { kurtosis_max: 1, eval_loss: 3 }),
    trial('c', 'running', { kurtosis_max: 1, eval_loss: 4 }),
    trial('d', 'cancelled', { kurtosis_max: 1, eval_loss: 5 }),
    trial('e', 'diverged', { kurtosis_max: 9 }),
    trial('f', 'completed', { kurtosis_max: 1 }),
    trial('hidden', 'failed', {}),
  ];
  const group = { id: 'g', label: 'g', arm: {}, style: { color: '#000000', dash: [] }, trialIds: ['a', 'b', 'c', 'd', 'e', 'f'], begun: 6 };
  const { dots, caption } = dotsOf(trials, [group], 'kurtosis_max', 'eval_loss');
  expect(dots.map(({ id, isDiverged }) => [id, isDiverged])).toEqual([
    ['a', false],
    ['e', true],
  ]);
  expect(caption).toBe(
    '1 of 6 trials has both values; 1 that diverged has no eval_loss, and stands at “none”; ' +
      '1 that completed has no eval_loss, and is not drawn; 2 cancelled, 1 running trials are left out.',
  );
  expect(dots[1]).toMatchObject({ x: 9, y: undefined });
  expect(leftOutText([{ state: 'pruned' }, { state: 'completed' }])).toBe('1 pruned trial is left out');
  expect(leftOutText([{ state: 'diverged' }])).toBe('');
});

test('parallel axes: names, numbers, and what has no place', () => {
  const strands = [
    { id: 'a', label: 'a', isDiverged: false, values: ['adam', 1] },
    { id: 'b', label: 'b', isDiverged: false, values: ['soap', 1000] },
    { id: 'c', label: 'c', isDiverged: true, values: ['soap', NaN] },
  ];
  const axes = [
    axisOf(
      'optimizer.name',
      strands.map((strand) => strand.values[0]),
    ),
    axisOf(
      'kurtosis',
      strands.map((strand) => strand.values[1]),
      { isResult: true },
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

test('parallel axes tell what is not positive, NaN and nothing apart, and trials that diverged', () => {
  const strands = [1, 100, -1, NaN, undefined].map((value, i) => ({ id: `${i}`, label: '', isDiverged: i === 1, values: [0, value] }));
  const axes = [axisOf('seed', [0]), axisOf('kurtosis', [1, 100, -1, NaN, undefined], { isLog: true, isResult: true })];
  const size = { width: 400, height: 300 };
  const layout = parallelLayout(axes, strands, size);
  expect(shareOf(layout, 1, -1)).toBeLessThan(0);
  expect(shareOf(layout, 1, NaN)).toBeLessThan(shareOf(layout, 1, -1));
  const { marks } = parallelScene(layout, strands, { size, ink: LIGHT_INK, isDark: false, brushes: new Map(), colorAxis: 1 });
  const texts = marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []));
  expect(texts).toContain('≤ 0');
  expect(texts).toContain('NaN, none');
  expect(marks.filter((mark) => mark.kind === 'line' && mark.dash?.length)).toHaveLength(1);
});

test('an axis of positive numbers over decades is logarithmic', () => {
  expect(axisOf('optimizer.learning_rate', [1e-4, 1e-3, 1e-2]).isLog).toBe(true);
  expect(axisOf('optimizer.learning_rate', [0.001, 0.01]).isLog).toBe(true);
  expect(axisOf('optimizer.learning_rate', [0.001, 0.003]).isLog).toBe(false);
  expect(axisOf('eval_loss', [3, 40], { isResult: true }).isLog).toBe(false);
  expect(axisOf('seed', [0, 1, 2]).isLog).toBe(false);
  expect(axisOf('seed', [1, 10]).isLog).toBe(false);
});

test('each of few values of a key has a label, and the colours a legend', () => {
  const strands = [0.001, 0.01].map((value, i) => ({ id: `${i}`, label: '', isDiverged: false, values: [value, i] }));
  const axes = [axisOf('optimizer.learning_rate', [0.001, 0.01]), axisOf('eval_loss', [0, 1], { isResult: true })];
  const size = { width: 400, height: 300 };
  const layout = parallelLayout(axes, strands, size);
  const { marks } = parallelScene(layout, strands, { size, ink: LIGHT_INK, isDark: true, brushes: new Map(), colorAxis: 0 });
  const texts = marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []));
  expect(texts.filter((text) => text === '0.001' || text === '0.01')).toHaveLength(2);
  expect(texts).toContain('no place on the axis');
  // Of the lowest value a line that is seen on dark paper.
  expect(marks.find((mark) => mark.kind === 'line')).toMatchObject({ color: rampColor(shareOf(layout, 0, 0.001), true) });
});
