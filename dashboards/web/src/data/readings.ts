import { countOfText, numberText } from './format';
import type { Line } from './line';
import { medianGap } from './smoothing';

// A line's point: what a tooltip says of the line.
export interface Reading {
  line: Line;
  at: number;
}

export interface Readings {
  // Where the nearest line was measured.
  x: number;
  // The nearest first. Each at x or, where its line has no point there, at the nearest that it has.
  all: Reading[];
}

// What the means are where the cursor is, at one x for all. A line that has ended before the cursor, or begins behind it, is not among them: its last
// value is none of there.
export function readingsAt(lines: readonly Line[], cursor: number, distanceOf: (reading: Reading) => number): Readings | undefined {
  const means = lines.filter((line) => line.role === 'mean' && line.xs.length > 0);
  // A line of one point does not tell how far its point reaches.
  const widest = Math.max(...means.map((line) => usualGap(line) ?? 0)) || Infinity;
  const there = means.filter((line) => reaches(line, cursor, widest));
  const read = (x: number) => (line: Line) => {
    const reading = { line, at: nearestIndex(line.xs, x) };
    return { reading, distance: distanceOf(reading) };
  };
  const [nearest] = there.map(read(cursor)).sort(byDistance);
  if (!nearest) return undefined;
  const { line, at } = nearest.reading;
  const others = there.filter((other) => other !== line).map(read(line.xs[at]));
  return { x: line.xs[at], all: [nearest, ...others.sort(byDistance)].map(({ reading }) => reading) };
}

function byDistance(a: { distance: number }, b: { distance: number }): number {
  return a.distance === b.distance ? 0 : a.distance - b.distance;
}

// False where it is not known at which x the line was measured.
function reaches(line: Line, x: number, widest: number): boolean {
  const reach = usualGap(line) ?? widest;
  return x >= line.xs[0] - reach && x <= line.xs[line.xs.length - 1] + reach;
}

// A cursor asks at each move, and lines are long.
const gaps = new WeakMap<readonly number[], number | undefined>();

// Between neighbouring points, as a rule; undefined where there is one point.
function usualGap({ xs }: Line): number | undefined {
  if (!gaps.has(xs)) gaps.set(xs, medianGap(xs));
  return gaps.get(xs);
}

export function nearestIndex(ascending: readonly number[], x: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && x - ascending[low - 1] < ascending[low] - x ? low - 1 : low;
}

// Behind a mean its band, and of how many trials of its group it is: " ± 0.35 (2 of 6)". A band that is not as wide above as below, of a geometric mean for one, is
// told by its ends: " (2.181 – 2.934) (6)".
export function spreadText({ ys, low, high, counts, trials = 0 }: Line, at: number): string {
  const band = low && high && Number.isFinite(low[at]) && Number.isFinite(high[at]) ? bandText(low[at], ys[at], high[at]) : '';
  return `${band}${counts ? ` (${countOfText(counts[at], trials)})` : ''}`;
}

function bandText(low: number, mean: number, high: number): string {
  const isEven = Math.abs(high - mean - (mean - low)) <= 1e-6 * (high - low);
  return isEven ? ` ± ${numberText(high - mean, 2)}` : ` (${numberText(low)} – ${numberText(high)})`;
}
