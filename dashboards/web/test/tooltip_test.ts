// @vitest-environment happy-dom
import type uPlot from 'uplot';
import { expect, test } from 'vitest';
import { showNearest } from '../src/charts/line_tooltip';
import type { Line } from '../src/data/line';

const line = (label: string, xs: number[], ys: number[], more: Partial<Line> = {}): Line => ({
  group: label,
  label,
  role: 'mean',
  style: { color: '#000000', dash: [] },
  xs,
  ys,
  ...more,
});

// What the tooltip says with the cursor there, a line each. A pixel is 1 of x and 1 of y.
function told(lines: readonly Line[], x: number, y: number, isLog = false): string[] {
  const over = document.createElement('div');
  const cursor = { left: x, top: y, event: { target: over } };
  const plot = { over, cursor, posToVal: (at: number) => at, valToPos: (value: number) => value };
  showNearest(plot as unknown as uPlot, lines, isLog, 'step');
  const tooltip = over.querySelector<HTMLElement>('.tooltip')!;
  return tooltip.hidden ? [] : [...tooltip.children].map((row) => row.textContent!);
}

test('below an x stands what was measured there, and what was measured elsewhere says where', () => {
  const lines = [line('a', [0, 10, 20, 60], [1, 2, 3, 4]), line('b', [0, 55, 60, 65], [5, 6, 7, 8]), line('c', [0, 59, 118], [5, 5.543, 5])];
  // b was measured at 60, though 55 is nearer to the cursor.
  expect(told(lines, 57, 4)).toEqual(['step 60', 'b7', 'c5.543 at 59', 'a4']);
  expect(told(lines, 12, 2)).toEqual(['step 10', 'b5 at 0', 'c5 at 0', 'a2']);
});

test('a line that has ended, or not begun, is left out', () => {
  const lines = [line('long', [0, 10, 20, 30, 40, 50], [1, 1, 1, 1, 1, 1]), line('short', [20, 25, 30], [2, 2, 2])];
  expect(told(lines, 30, 1)).toEqual(['step 30', 'short2', 'long1']);
  expect(told(lines, 34, 1)).toEqual(['step 30', 'short2', 'long1']);
  expect(told(lines, 38, 1)).toEqual(['step 40', 'long1']);
  expect(told(lines, 14, 1)).toEqual(['step 10', 'long1']);
  expect(told(lines, 38, 2)).toEqual(['step 40', 'long1']);
  expect(told(lines.slice(1), 38, 2)).toEqual([]);
});

test('one point reaches as far as those of the other lines, and a line without a known x is nowhere', () => {
  const lines = [line('many', [0, 10, 20, 30], [1, 1, 1, 1]), line('one', [20], [2]), line('gone', [NaN, NaN], [3, 3])];
  expect(told(lines, 18, 1)).toEqual(['step 20', 'one2', 'many1']);
  expect(told(lines, 2, 1)).toEqual(['step 0', 'many1']);
  expect(told([line('one', [20], [2])], 90, 1)).toEqual(['step 20', 'one2']);
});

test('what has no place on a logarithmic axis is told from NaN', () => {
  expect(told([line('a', [0, 10], [0, NaN])], 0, 1, true)).toEqual(['step 0', 'a0 (not positive)']);
  expect(told([line('a', [0, 10], [0, NaN])], 10, 1, true)).toEqual(['step 10', 'aNaN']);
  expect(told([line('a', [0, 10], [0, NaN])], 0, 1)).toEqual(['step 0', 'a0']);
});

test('of many lines the nearest are told, from the highest to the lowest, and how many are not', () => {
  const lines = Array.from({ length: 12 }, (_, i) => line(`l${i}`, [0, 10], [i, i]));
  const rows = told(lines, 0, 11);
  expect(rows).toHaveLength(10);
  expect([rows[0], rows[1], rows[8], rows[9]]).toEqual(['step 0', 'l1111', 'l44', '… 4 more']);
  // One row is not cut for a row that says so.
  expect(told(lines.slice(0, 9), 0, 0).at(-1)).toBe('l00');
});

test('it stands where it hides least', () => {
  const over = document.createElement('div');
  for (const [name, size] of [['clientWidth', 400], ['clientHeight', 200]] as const) Object.defineProperty(over, name, { value: size });
  const cursor = { left: 50, top: 100, event: { target: over } };
  const plot = { over, cursor, posToVal: (at: number) => at, valToPos: (value: number) => value } as unknown as uPlot;
  const tooltip = document.createElement('div');
  tooltip.className = 'tooltip';
  for (const [name, size] of [['offsetWidth', 100], ['offsetHeight', 60]] as const) Object.defineProperty(tooltip, name, { value: size });
  over.append(tooltip);
  const place = (y: number, xs = [0, 400]) => {
    showNearest(plot, [line('a', xs, xs.map(() => y))], false, 'step');
    return [tooltip.style.left, tooltip.style.top];
  };
  expect(place(20)).toEqual(['66px', '136px']);
  expect(place(180)).toEqual(['66px', '4px']);
  // A point alone, where no place across the box is.
  expect(place(20, [101])).toEqual(['66px', '136px']);
});

test('a mean of fewer trials than the group has says so', () => {
  const mean = line('a', [0, 10], [2, 2], { low: [1, 1.5], high: [3, 2.5], counts: [6, 2], trials: 6 });
  expect(told([mean], 0, 2)).toEqual(['step 0', 'a2 ± 1 (6)']);
  expect(told([mean], 10, 2)).toEqual(['step 10', 'a2 ± 0.50 (2 of 6)']);
});

test('± is said of an even band alone', () => {
  const even = line('a', [0, 10], [2.5, 2.5], { low: [2.15, 2.15], high: [2.85, 2.85], counts: [6, 6] });
  expect(told([even], 0, 2)).toEqual(['step 0', 'a2.500 ± 0.35 (6)']);
  // Of a geometric mean: a factor of 1.16.
  const factor = line('a', [0, 10], [2.529, 2.529], { low: [2.529 / 1.16, NaN], high: [2.529 * 1.16, NaN], counts: [6, 1] });
  expect(told([factor], 0, 2)).toEqual(['step 0', 'a2.529 (2.180 – 2.934) (6)']);
  expect(told([factor], 10, 2)).toEqual(['step 10', 'a2.529 (1)']);
});
