import { expect, test } from 'vitest';
import { createScale, domainOf, linearTicks, logTicks } from '../src/data/scale';

test('a linear scale and its inverse', () => {
  const scale = createScale(false, [0, 10], [100, 0]);
  expect(scale.at(0)).toBe(100);
  expect(scale.at(2.5)).toBe(75);
  expect(scale.invert(75)).toBeCloseTo(2.5, 12);
});

test('a logarithmic scale has no place for what is not positive', () => {
  const scale = createScale(true, [1, 100], [0, 2]);
  expect(scale.at(10)).toBeCloseTo(1, 12);
  expect(scale.invert(1)).toBeCloseTo(10, 12);
  for (const value of [0, -1, NaN, Infinity]) expect(scale.at(value)).toBeNaN();
});

test('domains leave room, are never empty, and pass over what cannot be drawn', () => {
  expect(domainOf([0, 10], false, 0.1)).toEqual([-1, 11]);
  expect(domainOf([NaN, Infinity, 2, 4], false, 0)).toEqual([2, 4]);
  expect(domainOf([-5, 0, 2, 8], true, 0)).toEqual([2, 8]);
  expect(domainOf([], false)).toEqual([0, 1]);
  expect(domainOf([], true)).toEqual([1, 10]);
  const [low, high] = domainOf([3, 3], true);
  expect(low).toBeLessThan(3);
  expect(high).toBeGreaterThan(3);
});

test('ticks are round', () => {
  expect(linearTicks([0, 600], 6)).toEqual([0, 100, 200, 300, 400, 500, 600]);
  expect(linearTicks([0.05, 0.31], 5)).toEqual([0.05, 0.1, 0.15, 0.2, 0.25, 0.3]);
  expect(logTicks([1, 1000], 4)).toEqual([1, 10, 100, 1000]);
  expect(logTicks([1.1, 11], 5)).toEqual([2, 3, 5, 10]);
  expect(logTicks([1e-9, 1e9], 4).length).toBeLessThanOrEqual(6);
  expect(logTicks([1, 2], 5)).toEqual([1, 1.2, 1.4, 1.6, 1.8, 2]);
  // Below a decade, as the terminal's figures.
  expect(logTicks([0.95, 3.4], 5)).toEqual([1, 1.5, 2, 2.5, 3]);
});
