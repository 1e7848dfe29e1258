// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { beforeEach, expect, test, vi } from 'vitest';
import { gridOf } from '../src/data/table';
import { GetAblationTableResponseSchema } from '../src/gen/ofsweep/v1/results_pb';
import { AblationGrid } from '../src/pages/ablation_grid';
import { TableRemarks } from '../src/pages/table_remarks';
import { ProgressBar } from '../src/parts/progress_bar';
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
const table = create(GetAblationTableResponseSchema, {
  rows: ['model.block'],
  cols: ['optimizer.name'],
  metrics: ['eval_loss'],
  cells: [{ ...cell, statistics: [{ count: 3, mean: NaN }] }],
  pooled: ['seed'],
  uneven: ['model.layers'],
  confounded: ['optimizer.epsilon'],
  state: 'active',
});

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

test('remarks say what a reader has to know', () => {
  const text = show(<TableRemarks table={table} />);
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
