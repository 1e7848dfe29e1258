import { expect, test } from 'vitest';
import { reasonOf } from '../src/data/reason';

const trial = { outcomeReason: '', divergedStep: undefined, failureClass: '', failureMessage: '', waitingReason: '' };

test('a trial says why it is where it is', () => {
  expect(reasonOf(trial)).toBe('');
  expect(reasonOf({ ...trial, outcomeReason: 'train_loss is not finite', divergedStep: 5 })).toBe('step 5: train_loss is not finite');
  expect(reasonOf({ ...trial, outcomeReason: 'train_loss is not finite' })).toBe('train_loss is not finite');
  expect(reasonOf({ ...trial, failureClass: 'oom', failureMessage: 'out of memory' })).toBe('oom: out of memory');
  expect(reasonOf({ ...trial, waitingReason: 'waiting: no worker is connected' })).toBe('waiting: no worker is connected');
});
