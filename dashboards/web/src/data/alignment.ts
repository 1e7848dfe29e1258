import { type Line, isDrawable } from './line';

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
  const xs = [...new Set(lines.flatMap((line) => line.xs))].sort((a, b) => a - b);
  const placeOf = new Map(xs.map((x, i) => [x, i]));
  const column = (line: Line, values: readonly number[]): Column => {
    const cells: Column = new Array(xs.length).fill(undefined);
    line.xs.forEach((x, i) => {
      cells[placeOf.get(x)!] = isDrawable(values[i], isLog) ? values[i] : null;
    });
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
