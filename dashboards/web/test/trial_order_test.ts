import { expect, test } from 'vitest';
import { sortTrials } from '../src/data/trial_order';

const trial = (id: string, state: string, armKeys: object, results: Record<string, number>) => ({
  id,
  state,
  step: 0,
  attempts: 1,
  worker: '',
  armKeys: JSON.stringify(armKeys),
  results: { seed: 0, ...results },
});
const trials = [
  trial('a', 'failed', { lr: 0.01, block: 'op' }, {}),
  trial('b', 'completed', { lr: 0.1, block: 'pre_norm' }, { eval_loss: 3 }),
  trial('c', 'diverged', { lr: 1e-5 }, { eval_loss: NaN }),
  trial('d', 'completed', { lr: 0.01, block: 'op' }, { eval_loss: 2 }),
  trial('e', 'diverged', { lr: 2, block: 'op' }, { eval_loss: Infinity }),
];
const order = (by: string, isDescending = false) => sortTrials(trials, by, isDescending).map(({ id }) => id).join('');

test('trials are sorted by state, key or result; what has none comes last either way', () => {
  expect(order('state')).toBe('bdcea');
  expect(order('lr')).toBe('cadbe');
  expect(order('lr', true)).toBe('ebadc');
  expect(order('block')).toBe('adebc');
  expect(order('eval_loss')).toBe('dbeac');
  expect(order('eval_loss', true)).toBe('ebdac');
  expect(order('nonsense')).toBe('abcde');
});
