import { expect, test } from 'vitest';
import { smooth, smoothOn } from '../src/data/smoothing';

const steps = [0, 10, 20, 30];

test('no weight changes nothing, and a constant stays itself', () => {
  expect(smooth(steps, [1, 5, 2, 8], 0)).toEqual([1, 5, 2, 8]);
  for (const value of smooth(steps, [3, 3, 3, 3], 0.9)) expect(value).toBeCloseTo(3, 12);
});

test('it is the debiased exponential moving average', () => {
  // After two values x, y with weight w: (x·w + y) / (w + 1).
  expect(smooth([0, 1], [1, 2], 0.5)[1]).toBeCloseTo((1 * 0.5 + 2) / 1.5, 12);
});

test('a longer gap forgets more', () => {
  const near = smooth([0, 1, 2, 3], [0, 0, 0, 1], 0.9)[3];
  const far = smooth([0, 1, 2, 12], [0, 0, 0, 1], 0.9)[3];
  expect(far).toBeGreaterThan(near);
});

test('what is not finite stays and does not spread', () => {
  const smoothed = smooth(steps, [1, NaN, Infinity, 1], 0.9);
  expect(smoothed[1]).toBeNaN();
  expect(smoothed[2]).toBe(Infinity);
  expect(smoothed[3]).toBeCloseTo(1, 12);
});

test('on a logarithmic axis the logarithms are averaged', () => {
  expect(smoothOn(true, [0, 1], [1, 100], 0.5)[1]).toBeCloseTo(100 ** (1 / 1.5), 9);
  expect(smoothOn(true, [0, 1], [1, -2], 0.5)[1]).toBe(-2);
});
