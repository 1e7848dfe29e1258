// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { beforeEach, expect, test, vi } from 'vitest';
import { gridOf } from '../src/data/table';
import { GetAblationTableResponseSchema, MeasuredMetricSchema } from '../src/gen/ofsweep/v1/results_pb';
import { SweepSchema, type Trial, TrialSchema } from '../src/gen/ofsweep/v1/sweep_pb';
import { AblationGrid } from '../src/pages/ablation_grid';
import { NothingMeasured } from '../src/pages/nothing_measured';
import { TableRemarks } from '../src/pages/table_remarks';
import { ProgressBar } from '../src/parts/progress_bar';
import { SweepBadge } from '../src/parts/sweep_badge';
import { Question } from '../src/parts/question';

let root: HTMLElement;
beforeEach(() => {
  root = document.createElement('div');
  document.body.replaceChildren(root);
});

function show(element: preact.JSX.Element): string {
  act(() => render(element, root));
  return root.textContent!.replace(/\s+/g, ' ');
}

const cell = { rowValues: ['op'], colValues: ['adam'], trials: 3, diverged: 1, failed: 2, missing: 1, mixed: ['device'] };
const fields = {
  rows: ['model.block'],
  cols: ['optimizer.name'],
  metrics: ['eval_loss'],
  cells: [{ ...cell, statistics: [{ count: 3, mean: NaN }] }],
  pooled: ['seed'],
  uneven: ['model.layers'],
  confounded: ['optimizer.epsilon'],
  state: 'active',
};
const table = create(GetAblationTableResponseSchema, fields);

test('a cell shows NaN, how many count, and what became of the others', () => {
  const text = show(
    <AblationGrid
      metric="eval_loss"
      table={table}
      grid={gridOf(table.cells, 0)}
      order={{ column: undefined, isDescending: false }}
      series={[]}
    />,
  );
  expect(text).toContain('NaN (3) ≠1 diverged, 2 failed, 1 missing');
});

test('a cell of which not all trials have a value says so, as the terminal does', () => {
  const cells = [
    { rowValues: ['op'], colValues: ['adam'], trials: 6, statistics: [{ count: 2, mean: 235.6, standardDeviation: 3.7 }] },
    { rowValues: ['op'], colValues: ['soap'], trials: 6, statistics: [{ count: 0 }] },
  ];
  const partial = create(GetAblationTableResponseSchema, { ...fields, cells });
  const grid = gridOf(partial.cells, 0);
  show(<AblationGrid metric="int8_loss" table={partial} grid={grid} order={{ column: undefined, isDescending: false }} series={[]} />);
  expect([...root.querySelectorAll('td')].map((td) => td.textContent)).toEqual(['235.6 ± 3.7 (2 of 6)', '–none of 6 trials has measured it']);
});

test('a tuned cell says of which value it is, and how it differs from the baseline', () => {
  const difference = { pairs: 6, mean: -9, low: -10, high: -8, adjustedP: 0.0625 };
  const tuned = create(GetAblationTableResponseSchema, {
    ...fields,
    cells: [
      { rowValues: ['pre_norm'], colValues: ['adam'], bestValue: '0.001', trials: 6, statistics: [{ count: 6, mean: 12 }] },
      { rowValues: ['op'], colValues: ['adam'], bestValue: '0.003', trials: 6, statistics: [{ count: 6, mean: 3, difference }] },
    ],
    best: 'optimizer.learning_rate',
    baseline: { 'model.block': 'pre_norm' },
  });
  const grid = gridOf(tuned.cells, 0);
  const text = show(<AblationGrid metric="eval_loss" table={tuned} grid={grid} order={{ column: undefined, isDescending: false }} series={[]} />);
  expect(text).toContain('12.00 (6)lr=0.001');
  expect(text).toContain('3.000 (6)lr=0.003Δ −9.000 [−10.00, −8.000], p 0.062 (6)');
  expect(show(<TableRemarks table={tuned} series={[]} />)).toContain('of the optimizer.learning_rate with the lowest mean eval_loss');
  expect(root.textContent).toContain('difference from model.block=pre_norm');
});

test('what diverged is never best', () => {
  const cells = [
    { rowValues: ['op'], colValues: ['adam'], trials: 3, diverged: 1, statistics: [{ count: 3, mean: 1 }] },
    { rowValues: ['pre_norm'], colValues: ['adam'], trials: 3, statistics: [{ count: 3, mean: 2 }] },
  ];
  const lower = create(GetAblationTableResponseSchema, { ...fields, cells });
  const series = [create(MeasuredMetricSchema, { name: 'eval_loss', better: 'lower' })];
  const grid = gridOf(lower.cells, 0);
  show(<AblationGrid metric="eval_loss" table={lower} grid={grid} order={{ column: undefined, isDescending: false }} series={series} />);
  expect([...root.querySelectorAll('td.best')].map((td) => td.textContent)).toEqual(['2.000 (3)']);
  expect(show(<TableRemarks table={lower} series={series} />)).toContain('marks the lowest eval_loss, of cells in which no trial diverged');
});

test('remarks say what a reader has to know', () => {
  const text = show(<TableRemarks table={table} series={[]} />);
  for (const words of [
    'over seed',
    'is active',
    'different values of model.layers',
    'optimizer.epsilon is neither row nor column',
    'in device',
  ])
    expect(text).toContain(words);
});

test('a progress bar is told to those who do not see it', () => {
  const counts = { completed: 1, diverged: 1, failed: 0, cancelled: 0, pruned: 0, running: 1, pending: 1 };
  show(<ProgressBar counts={counts} share={0.625} label="Progress of x" />);
  expect(root.firstElementChild!.getAttribute('aria-valuetext')).toBe('63 %: 1 completed, 1 diverged, 1 running, 1 pending');
});

test('a question acts only on yes, and says what went wrong', async () => {
  const acts = vi.fn().mockRejectedValue(new Error('disk full'));
  show(<Question question={{ title: 'Cancel x?', text: 'Trials stop.', yes: 'Cancel the sweep' }} act={acts} onClose={() => {}} />);
  expect(acts).not.toHaveBeenCalled();
  const yes = [...root.querySelectorAll('button')].find((button) => button.textContent === 'Cancel the sweep')!;
  await act(async () => yes.click());
  expect(acts).toHaveBeenCalledOnce();
  expect(root.querySelector('[role=alert]')!.textContent).toContain('disk full');
});

test('where nothing was measured it is said why, and nothing promised that will not come', () => {
  const failed = (failureMessage: string) => create(TrialSchema, { state: 'failed', failureClass: 'bad_data', failureMessage });
  const told = (trials: Trial[]) => {
    const sweep = { name: 's', trials: { trials, isCut: false }, series: [], varied: [], points: '', running: [] };
    return show(<NothingMeasured sweep={sweep} title="Nothing has been measured" hope="Curves appear." />);
  };
  const text = told([failed('no file'), failed('no tokens'), failed('no tokens')]);
  expect(text).toContain('3 trials failed');
  expect(text).toContain('2 × bad_data: no tokens1 × bad_data: no file');
  expect(text).not.toContain('Curves appear');
  expect(root.querySelector('a')!.getAttribute('href')).toBe('#/sweeps/s/trials?state=failed');
  expect(told([failed('no file'), create(TrialSchema, { state: 'pending' })])).toContain('measured yetCurves appear.1 trial failed:bad_data: no file');
  expect(told([create(TrialSchema, { state: 'cancelled' })])).toContain('1 cancelled trial is left out');
});

test('a sweep that finished with failures is no success', () => {
  const counts = { completed: 0, diverged: 0, failed: 2, cancelled: 0, pruned: 0, running: 0, pending: 0 };
  const badge = (state: string, completed: number) => {
    const sweep = create(SweepSchema, { state, trials: { ...counts, completed } });
    return [show(<SweepBadge sweep={sweep} />), root.firstElementChild!.className];
  };
  expect(badge('finished', 0)).toEqual(['✕ finished, all failed', 'badge state-failed']);
  expect(badge('finished', 3)).toEqual(['✕ finished, 2 failed', 'badge state-failed']);
  expect(badge('active', 0)).toEqual(['▸ active', 'badge state-active']);
});
