import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { gridOf, sorted, suggestedAxes } from '../src/data/table';
import { AblationCellSchema } from '../src/gen/ofsweep/v1/results_pb';

const cell = (row: string, column: string, mean?: number) =>
  create(AblationCellSchema, {
    rowValues: [row],
    colValues: [column],
    trials: 1,
    statistics: [{ count: mean === undefined ? 0 : 1, mean }],
  });

test('cells become a grid in the order of the sweep, with holes', () => {
  const grid = gridOf([cell('pre_norm', 'adam', 3), cell('pre_norm', 'soap', 2), cell('op', 'soap', 1)], 0);
  expect(grid.rows).toEqual([['pre_norm'], ['op']]);
  expect(grid.columns).toEqual([['adam'], ['soap']]);
  expect(grid.cells.map((row) => row.map((at) => at?.statistic.mean))).toEqual([
    [3, 2],
    [undefined, 1],
  ]);
});

test('rows are sorted by a column; NaN and nothing come last, either way', () => {
  const grid = gridOf([cell('a', 'x', 2), cell('b', 'x', NaN), cell('c', 'x', Infinity), cell('d', 'x'), cell('e', 'x', 1)], 0);
  const rows = (isDescending: boolean) => sorted(grid, { column: 0, isDescending }).rows.map(([row]) => row);
  expect(rows(false)).toEqual(['e', 'a', 'c', 'b', 'd']);
  expect(rows(true)).toEqual(['c', 'a', 'e', 'b', 'd']);
  expect(sorted(grid, { column: undefined, isDescending: false })).toBe(grid);
  expect(sorted(grid, { column: 7, isDescending: false })).toBe(grid);
});

test('axes as the command line suggests them', () => {
  expect(suggestedAxes(['optimizer.name', 'model.block', 'seed'])).toEqual({ rows: ['model.block'], cols: ['optimizer.name'] });
  expect(suggestedAxes(['optimizer.learning_rate', 'model.block'])).toEqual({ rows: ['model.block'], cols: ['optimizer.learning_rate'] });
  expect(suggestedAxes(['optimizer.learning_rate', 'seed'])).toEqual({ rows: ['optimizer.learning_rate'], cols: [] });
  expect(suggestedAxes(['seed'])).toEqual({ rows: ['model.block'], cols: [] });
});
