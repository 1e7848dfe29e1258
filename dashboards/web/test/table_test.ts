import { create } from '@bufbuild/protobuf';
import { beforeEach, expect, test, vi } from 'vitest';
import { baselineFrom, baselinesOf, gridOf, shortName, sorted } from '../src/data/table';
import { AblationCellSchema, GetAblationTableResponseSchema } from '../src/gen/ofsweep/v1/results_pb';

// A coordinator that chooses axes where it is given none.
const getAblationTable = vi.fn(async ({ rows = [], cols = [] }: { rows?: string[]; cols?: string[]; baseline?: object }) =>
  create(GetAblationTableResponseSchema, {
    rows: rows.length > 0 ? rows : ['model.block'],
    cols: rows.length > 0 ? cols : ['optimizer.name'],
  }),
);
vi.mock('../src/api/client', () => ({ service: { getAblationTable: (request: object) => getAblationTable(request) } }));
const { askTable } = await import('../src/api/table');
beforeEach(() => {
  getAblationTable.mockClear();
});

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

test('a table offers each value of its keys as a baseline, and a link names one', () => {
  const table = { rows: ['model.block'], cols: ['optimizer.name'], cells: [cell('pre_norm', 'adam'), cell('op', 'adam'), cell('op', 'soap')] };
  expect(baselinesOf(table)).toEqual(['model.block=pre_norm', 'model.block=op', 'optimizer.name=adam', 'optimizer.name=soap']);
  expect(baselineFrom('model.block=pre_norm', ['model.block'])).toEqual({ 'model.block': 'pre_norm' });
  expect(baselineFrom('data.path=a=b', ['data.path'])).toEqual({ 'data.path': 'a=b' });
  expect(baselineFrom('model.block=op', ['optimizer.name'])).toEqual({});
  expect(baselineFrom('nonsense', ['model.block'])).toEqual({});
  expect(baselineFrom(undefined, ['model.block'])).toEqual({});
});

test('a key has a short name beside its values', () => {
  expect(shortName('optimizer.learning_rate')).toBe('lr');
  expect(shortName('optimizer.epsilon')).toBe('epsilon');
});

test('differences are asked for once the axes are known', async () => {
  const ask = async (request: { rows?: string[]; cols?: string[] }, baseline?: string) => {
    await askTable({ sweep: 's', ...request }, baseline, new AbortController().signal);
    return getAblationTable.mock.calls.splice(0).map(([asked]) => [asked.rows ?? [], asked.baseline]);
  };
  expect(await ask({})).toEqual([[[], {}]]);
  expect(await ask({}, 'model.block=op')).toEqual([
    [[], {}],
    [['model.block'], { 'model.block': 'op' }],
  ]);
  expect(await ask({ rows: ['seed'] }, 'seed=1')).toEqual([[['seed'], { seed: '1' }]]);
  // A link that is older than its axes.
  expect(await ask({ rows: ['seed'] }, 'model.block=op')).toEqual([[['seed'], {}]]);
});
