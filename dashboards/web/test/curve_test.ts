import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { align } from '../src/data/alignment';
import { lineScene } from '../src/charts/line_scene';
import { marksText, undrawableAt } from '../src/charts/undrawable';
import { armOf, joinPieces, valueText } from '../src/data/curve';
import { interpolate } from '../src/data/interpolation';
import { type Line, PARTIAL_LOOK, PARTIAL_TEXT, strokesOf } from '../src/data/line';
import { spansDecades } from '../src/data/scale';
import { LIGHT_INK } from '../src/data/scene';
import { CurveSchema } from '../src/gen/ofsweep/v1/results_pb';

test('pieces of a long curve become one', () => {
  const piece = (trialId: string, steps: number[]) =>
    create(CurveSchema, { trialId, metric: 'rms', site: 'block', layer: 1, steps, values: [...steps], armKeys: '{}' });
  const curves = joinPieces([piece('a', [0, 1]), piece('a', [2]), piece('b', [0])]);
  expect(curves.map((curve) => [curve.trialId, curve.steps])).toEqual([
    ['a', [0, 1, 2]],
    ['b', [0]],
  ]);
});

test('values of keys as a user types them', () => {
  expect(armOf('{"optimizer.epsilon":1e-06,"evaluate.bits":["w8a8","w4a4"],"model.bias":null,"x":true}')).toEqual({
    'optimizer.epsilon': '1e-06',
    'evaluate.bits': '[w8a8, w4a4]',
    'model.bias': '–',
    x: 'true',
  });
  expect([0.001, 0.0001, 2.5e-5, 1e-12, 0, 12].map(valueText)).toEqual(['0.001', '0.0001', '2.5e-05', '1e-12', '0', '12']);
});

const line = (xs: number[], ys: number[], more: Partial<Line> = {}): Line => ({
  group: 'g',
  label: 'g',
  role: 'mean',
  style: { color: '#000000', dash: [] },
  xs,
  ys,
  ...more,
});

test('curves of other steps share one x, and only what cannot be drawn breaks them', () => {
  const { xs, values } = align([line([0, 10], [1, NaN]), line([5], [2])], true, 0.5);
  expect(xs).toEqual([0, 5, 10]);
  expect(values).toEqual([
    [1, undefined, null],
    [undefined, 2, undefined],
  ]);
});

test('a point whose x is not known has no place, and of two at one x the later counts', () => {
  const { xs, values } = align([line([NaN, NaN], [1, 2]), line([3, 3, 4], [5, 6, 7]), line([1, 4], [8, 9])], false, 0);
  expect(xs).toEqual([1, 3, 4]);
  expect(values).toEqual([
    [undefined, undefined, undefined],
    [undefined, 6, 7],
    [8, undefined, 9],
  ]);
});

test('a band that goes below a logarithmic axis ends at the axis', () => {
  const { bands } = align([line([0], [1], { low: [-3], high: [5] })], true, 0.5);
  expect(bands[0]).toEqual([[0.5], [5]]);
});

test('a run of values without a place has one mark', () => {
  expect(undrawableAt(line([0, 1, 2, 3, 4], [1, NaN, NaN, Infinity, 2]), false)).toEqual([
    { x: 1, place: 'nan' },
    { x: 3, place: 'above' },
  ]);
  expect(undrawableAt(line([0, 1], [1, 0]), true)).toEqual([{ x: 1, place: 'below' }]);
  expect(undrawableAt(line([0, 1, 2], [NaN, -1, -2]), true)).toEqual([
    { x: 0, place: 'nan' },
    { x: 1, place: 'below' },
  ]);
});

test('where fewer trials than the group has are in a mean its line has another look', () => {
  const band = { low: [0, 0, 0, 0, 0], high: [9, 9, 9, 9, 9] };
  const mean = line([0, 1, 2, 3, 4], [1, 2, 3, 4, 5], { counts: [6, 6, 2, 6, 6], trials: 6, ...band });
  expect(strokesOf(mean)).toMatchObject([
    { ys: [1, 2, NaN, 4, 5], isPartial: false, ...band },
    { ys: [NaN, 2, 3, 4, NaN], isPartial: true, low: undefined },
  ]);
  expect(strokesOf({ ...mean, trials: 7 })).toMatchObject([{ ys: [1, 2, 3, 4, 5], isPartial: true, ...band }]);
  expect(strokesOf({ ...mean, counts: [6, 6, 6, 6, 6] })).toMatchObject([{ ys: [1, 2, 3, 4, 5], isPartial: false }]);
  expect(strokesOf(line([0], [1], { counts: [1], trials: 2 }))).toMatchObject([{ ys: [1], isPartial: true }]);
});

test('a figure draws it faint and dotted, and says what that is', () => {
  const panel = (counts: number[]) => ({
    id: 'a',
    title: 'a',
    meaning: '',
    unit: '',
    isLog: false,
    lines: [line([0, 1, 2], [1, 2, 3], { counts, trials: 6 })],
  });
  const strokes = (counts: number[]) =>
    lineScene(panel(counts), 'step', undefined, LIGHT_INK).marks.flatMap((mark) =>
      mark.kind === 'line' && mark.color === '#000000' && mark.alpha ? [[mark.points.length, mark.alpha, mark.dash]] : [],
    );
  const texts = (counts: number[]) =>
    lineScene(panel(counts), 'step', undefined, LIGHT_INK).marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []));
  expect(strokes([6, 6, 6])).toEqual([[3, 1, []]]);
  expect(strokes([6, 6, 2])).toEqual([
    [2, 1, []],
    [2, PARTIAL_LOOK.alpha, PARTIAL_LOOK.dash],
  ]);
  expect(texts([6, 6, 6])).not.toContain(PARTIAL_TEXT);
  expect(texts([6, 6, 2])).toContain(PARTIAL_TEXT);
});

test('a figure has a mark for a line of one point, whole steps, and the meaning of its crosses', () => {
  const panel = { id: 'a', title: 'a', meaning: '', unit: '', isLog: false, lines: [line([35], [2]), line([34, 35], [1, NaN])] };
  const { marks } = lineScene(panel, 'step', [34, 36], LIGHT_INK);
  expect(marks.filter((mark) => mark.kind === 'dot')).toHaveLength(2);
  const texts = marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : []));
  expect(texts.filter((text) => /^3[456]/.test(text))).toEqual(['34', '35', '36']);
  expect(texts).toContain('× at the lower edge: NaN');
  expect(marksText([{ isLog: true, lines: [line([0, 1], [Infinity, 0])] }])).toBe(
    '× at the upper edge: ∞; ∨ at the lower edge: not positive, for which a logarithmic axis has no place',
  );
  expect(marksText([{ isLog: true, lines: [line([0, 1], [1, 2])] }])).toBe('');
});

test('interpolation stays within its ends', () => {
  expect(interpolate([0, 10], [0, 100], 4)).toBe(40);
  expect(interpolate([0, 10], [0, 100], -1)).toBe(0);
  expect(interpolate([0, 10], [0, 100], 11)).toBe(100);
  expect(interpolate([], [], 1)).toBeNaN();
});

test('a diverged loss among others makes the axis logarithmic', () => {
  expect(spansDecades([2, 3, 80_000])).toBe(true);
  expect(spansDecades([2, 3, 4, NaN, Infinity])).toBe(false);
  expect(spansDecades([-1, 1e9])).toBe(false);
  expect(spansDecades([])).toBe(false);
});
