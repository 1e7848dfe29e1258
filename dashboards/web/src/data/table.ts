import type { AblationCell, CellStatistic, MeasuredMetric } from '../gen/ofsweep/v1/results_pb';

// The cells of one metric as rows and columns, in the order in which the server lists them first.
export interface Grid {
  rows: string[][];
  columns: string[][];
  // By row and column; undefined where there is no trial.
  cells: (GridCell | undefined)[][];
}

export interface GridCell {
  cell: AblationCell;
  statistic: CellStatistic;
}

export function gridOf(cells: readonly AblationCell[], metric: number): Grid {
  const rows = distinct(cells.map((cell) => cell.rowValues));
  const columns = distinct(cells.map((cell) => cell.colValues));
  const found = new Map(cells.map((cell) => [JSON.stringify([cell.rowValues, cell.colValues]), cell]));
  return {
    rows,
    columns,
    cells: rows.map((row) =>
      columns.map((column) => {
        const cell = found.get(JSON.stringify([row, column]));
        return cell && { cell, statistic: cell.statistics[metric] };
      }),
    ),
  };
}

function distinct(lists: readonly string[][]): string[][] {
  return [...new Map(lists.map((list) => [JSON.stringify(list), list])).values()];
}

// The baselines that a table offers, "key=value": each value of each of its keys, in the order of the cells.
export function baselinesOf(table: { rows: string[]; cols: string[]; cells: readonly AblationCell[] }): string[] {
  const found = table.cells.flatMap((cell) => [
    ...table.rows.map((key, i) => `${key}=${cell.rowValues[i]}`),
    ...table.cols.map((key, i) => `${key}=${cell.colValues[i]}`),
  ]);
  const keys = [...table.rows, ...table.cols];
  return [...new Set(found)].sort((a, b) => keys.indexOf(keyOf(a)) - keys.indexOf(keyOf(b)));
}

// Of "model.block=op"; nothing where a link holds no such text, or names a key that is no axis (any more).
export function baselineFrom(text: string | undefined, keys: readonly string[]): Record<string, string> {
  return text !== undefined && text.includes('=') && keys.includes(keyOf(text)) ? { [keyOf(text)]: text.slice(text.indexOf('=') + 1) } : {};
}

function keyOf(pair: string): string {
  return pair.slice(0, pair.indexOf('='));
}

// Beside each value: "lr" of optimizer.learning_rate, as `ofsweep table` writes it.
export function shortName(key: string): string {
  return key === 'optimizer.learning_rate' ? 'lr' : key.slice(key.lastIndexOf('.') + 1);
}

export interface Order {
  // A column of the grid; undefined: the order of the sweep.
  column: number | undefined;
  isDescending: boolean;
}

// Rows by their means in a column; what has none, or NaN, comes last whichever way.
export function sorted(grid: Grid, { column, isDescending }: Order): Grid {
  if (column === undefined || column >= grid.columns.length) return grid;
  const key = (row: number) => grid.cells[row][column]?.statistic.mean ?? NaN;
  const order = grid.rows.map((_, row) => row);
  order.sort((a, b) => compare(key(a), key(b), isDescending) || a - b);
  return { ...grid, rows: order.map((row) => grid.rows[row]), cells: order.map((row) => grid.cells[row]) };
}

function compare(a: number, b: number, isDescending: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a === b ? 0 : a < b !== isDescending ? -1 : 1;
}

// In a table of several sweeps a key like those of trials: the name of a trial's sweep.
export const SWEEP_KEY = 'sweep';

// A cell in which a trial diverged is never best, and NaN is not either.
export function isEligible({ cell, statistic }: GridCell): boolean {
  return cell.diverged === 0 && Number.isFinite(statistic.mean);
}

// What is better of a column of results, where its metric says: kurtosis_max of kurtosis.
export function betterOf(column: string, series: readonly MeasuredMetric[]): string {
  const name = column.split(/[@:]/)[0];
  return (series.find((known) => known.name === name) ?? series.find((known) => name.startsWith(`${known.name}_`)))?.better ?? '';
}

// undefined where it is not said what is better, and where no cells differ.
export function bestMean(grid: Grid, better: string): number | undefined {
  const cells = grid.cells.flat().filter((cell) => cell !== undefined);
  const all = new Set(cells.flatMap(({ statistic }) => (statistic.mean === undefined ? [] : [statistic.mean])));
  const means = cells.flatMap((cell) => (isEligible(cell) ? [cell.statistic.mean!] : []));
  if (!better || all.size < 2 || means.length === 0) return undefined;
  return better === 'lower' ? Math.min(...means) : Math.max(...means);
}
