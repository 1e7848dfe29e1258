// @vitest-environment happy-dom
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WatchSweepResponse, WatchSweepResponseSchema } from '../src/gen/ofsweep/v1/sweep_pb';

// Each call takes the next of these streams.
let streams: ((signal: AbortSignal) => AsyncGenerator<WatchSweepResponse>)[] = [];
vi.mock('../src/api/client', () => ({
  service: { watchSweep: (_: unknown, { signal }: { signal: AbortSignal }) => streams.shift()!(signal) },
}));
const { watchSweep } = await import('../src/api/watch');

const message = (stepsDone: number) => create(WatchSweepResponseSchema, { sweep: { stepsDone } });

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new ConnectError('canceled', Code.Canceled))));
}

function open(stepsDone: number) {
  return async function* (signal: AbortSignal) {
    yield message(stepsDone);
    await untilAborted(signal);
  };
}

async function* breaks(): AsyncGenerator<WatchSweepResponse> {
  throw new ConnectError('stopping', Code.Unavailable);
}

function setHidden(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

const seen: number[] = [];
const events = { onMessage: ({ sweep }: WatchSweepResponse) => void seen.push(sweep!.stepsDone!), onEnd: vi.fn() };
let abort: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  seen.length = 0;
  events.onEnd.mockClear();
  abort = new AbortController();
});
afterEach(() => {
  abort.abort();
  setHidden(false);
  vi.useRealTimers();
});

test('a broken stream is opened again', async () => {
  streams = [breaks, open(2)];
  void watchSweep('x', events, abort.signal);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(seen).toEqual([2]);
});

test('a hidden page gives its stream back, glances once a minute, and follows again when shown', async () => {
  streams = [open(1), open(2), open(3), open(4)];
  void watchSweep('x', events, abort.signal);
  await vi.advanceTimersByTimeAsync(0);
  setHidden(true);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(seen).toEqual([1]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(seen).toEqual([1, 2]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual([1, 2, 3]);
  setHidden(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual([1, 2, 3, 4]);
});

test('a sweep that is no more ends it, with the reason', async () => {
  streams = [
    async function* () {
      throw new ConnectError('no sweep is called "x"', Code.NotFound);
    },
  ];
  await watchSweep('x', events, abort.signal);
  expect(events.onEnd).toHaveBeenCalledOnce();
});

test('a sweep that has ended is looked at again: someone may resume it', async () => {
  streams = [
    async function* () {
      yield message(9);
    },
    open(10),
  ];
  void watchSweep('x', events, abort.signal);
  await vi.advanceTimersByTimeAsync(61_000);
  expect(seen).toEqual([9, 10]);
});
