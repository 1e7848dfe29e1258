// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { beforeEach, expect, test, vi } from 'vitest';
import { LogText } from '../src/data/log_text';
import { AttemptSchema, type TailLogResponse, TailLogResponseSchema } from '../src/gen/ofsweep/v1/sweep_pb';

// Each call takes the next of these streams.
let streams: (() => AsyncGenerator<TailLogResponse>)[] = [];
const tailLog = vi.fn((_request: unknown, _options: unknown) => streams.shift()!());
vi.mock('../src/api/client', () => ({ service: { tailLog: (request: unknown, options: unknown) => tailLog(request, options) } }));
const { followLog } = await import('../src/api/log');
const { Attempts } = await import('../src/pages/trial_attempts');

const bytes = (text: string) => new TextEncoder().encode(text);
const piece = (begin: number, text: string) => create(TailLogResponseSchema, { begin, text: bytes(text) });

beforeEach(() => {
  streams = [];
  tailLog.mockClear();
});

test('pieces are joined though a character is cut, and a gap is told', () => {
  const log = new LogText();
  const cut = bytes('ä');
  expect(log.add({ begin: 0, text: cut.subarray(0, 1) })).toBe('');
  expect(log.add({ begin: 1, text: cut.subarray(1) })).toBe('ä');
  expect(log.add({ begin: 12, text: bytes('x\n') })).toBe('ä\n… 10 bytes left out …\nx\n');
  expect(log.add({ begin: 14, text: new Uint8Array([0xff]) })).toContain('x\n\ufffd');
});

test('a long log shows its newest part', () => {
  const log = new LogText();
  for (let begin = 0; begin < 3 << 20; begin += 1 << 20) log.add({ begin, text: bytes('x'.repeat(1 << 20)) });
  expect(log.add({ begin: 3 << 20, text: bytes('end') })).toHaveLength(1 << 20);
});

test('a broken stream goes on from where it broke, and what is not found is an error', async () => {
  vi.useFakeTimers();
  streams = [
    async function* () {
      yield piece(0, 'one');
      throw new ConnectError('stopping', Code.Unavailable);
    },
    async function* () {
      yield piece(3, ' two');
    },
    async function* () {
      throw new ConnectError('nothing', Code.NotFound);
    },
  ];
  const shown: string[] = [];
  const followed = followLog('t', 2, (text) => shown.push(text), new AbortController().signal);
  await vi.advanceTimersByTimeAsync(1_100);
  await followed;
  expect(shown).toEqual(['one', 'one two']);
  expect(tailLog.mock.calls.map(([request]) => request)).toMatchObject([
    { trialId: 't', attempt: 2, follow: true, begin: 0 },
    { trialId: 't', attempt: 2, follow: true, begin: 3 },
  ]);
  vi.useRealTimers();
  await expect(followLog('t', 2, () => {}, new AbortController().signal)).rejects.toThrow('nothing');
});

test('a log is loaded when it is asked for, one at a time, and is text', async () => {
  const root = document.createElement('div');
  document.body.replaceChildren(root);
  streams = ['<b>first</b>', 'second'].map(
    (text) =>
      async function* () {
        yield piece(0, text);
      },
  );
  const attempts = [1, 2].map((generation) => create(AttemptSchema, { generation, worker: 'w' }));
  act(() => render(<Attempts trial="t" attempts={attempts} />, root));
  expect(tailLog).not.toHaveBeenCalled();
  const buttons = [...root.querySelectorAll('button')];
  const open = (place: number, text: string) =>
    vi.waitFor(async () => {
      if (buttons[place]!.getAttribute('aria-expanded') !== 'true') await act(() => buttons[place]!.click());
      expect(root.querySelector('pre')!.textContent).toBe(text);
    });
  await open(0, '<b>first</b>');
  expect(root.querySelector('pre b')).toBeNull();
  await open(1, 'second');
  expect(root.querySelectorAll('pre')).toHaveLength(1);
});
