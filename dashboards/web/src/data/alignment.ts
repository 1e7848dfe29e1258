import type { Line } from './line';
import { isDrawable } from './scale';

// uPlot's columns over one x: a number; null where the line is broken because its value cannot be drawn; undefined where it has no point,
// which does not break it.
export type Column = (number | null | undefined)[];

export interface Aligned {
  xs: number[];
  // One for each line.
  values: Column[];
  // low and high for each line, where it has a band.
  bands: ([Column, Column] | undefined)[];
}

export function align(lines: readonly Line[], isLog: boolean, floor: number): Aligned {
  const xs = lines.reduce<readonly number[]>((merged, line) => merge(merged, line.xs), []) as number[];
  const column = (line: Line, values: readonly number[]): Column => {
    const cells: Column = new Array(xs.length).fill(undefined);
    let place = 0;
    for (let i = 0; i < values.length; ++i) {
      const x = line.xs[i];
      while (xs[place] < x) ++place;
      if (xs[place] === x) cells[place] = isDrawable(values[i], isLog) ? values[i] : null;
    }
    return cells;
  };
  return {
    xs,
    values: lines.map((line) => column(line, line.ys)),
    bands: lines.map((line) =>
      // On a logarithmic axis a band that goes below zero ends at the axis.
      line.low && line.high
        ? [
            column(
              line,
              line.low.map((low) => (low < floor ? floor : low)),
            ),
            column(line, line.high),
          ]
        : undefined,
    ),
  };
}

// All numbers of two ascending lists, ascending and each once. Lists are long, and mostly the same.
function merge(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === b.length && a.every((x, i) => x === b[i])) return a;
  const merged: number[] = [];
  const add = (x: number) => {
    if (!Number.isNaN(x) && x !== merged[merged.length - 1]) merged.push(x);
  };
  let j = 0;
  for (const x of a) {
    while (j < b.length && !(b[j] >= x)) add(b[j++]);
    add(x);
  }
  while (j < b.length) add(b[j++]);
  return merged;
}
