// @vitest-environment happy-dom
import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test, vi } from 'vitest';
import { retryDelay } from '../src/api/backoff';
import { watchConnection } from '../src/api/client';
import { connection, noteAnswer } from '../src/api/connection';
import { readBadRequest } from '../src/api/field_violations';
import { isServerGone, problemOf } from '../src/api/problem';
import { createTurns } from '../src/api/turns';

test('waits grow to half a minute and differ from page to page', () => {
  expect(retryDelay(0, 0)).toBe(750);
  expect(retryDelay(1, 0.5)).toBe(1_750);
  expect(retryDelay(100, 0.999)).toBeLessThanOrEqual(30_000);
});

test('a server that is gone is told from one that refuses', () => {
  expect(isServerGone(new TypeError('Failed to fetch'))).toBe(true);
  expect(isServerGone(new ConnectError('stopping', Code.Unavailable))).toBe(true);
  expect(isServerGone(new ConnectError('no sweep is called "x"', Code.NotFound))).toBe(false);
});

test('problems are in words', () => {
  expect(problemOf(new ConnectError('no sweep is called "x"', Code.NotFound)).text).toBe('no sweep is called "x"');
  expect(problemOf(new ConnectError('nothing', Code.Unimplemented)).title).toMatch(/another version/);
  expect(problemOf(new TypeError('Failed to fetch')).code).toBe(Code.Unavailable);
});

test('a google.rpc.BadRequest is read without its proto', () => {
  const text = (value: string) => [...new TextEncoder().encode(value)];
  const field = (number: number, bytes: number[]) => [(number << 3) | 2, bytes.length, ...bytes];
  const violation = [...field(1, text('rows')), ...field(2, text('unknown key')), ...field(9, text('?'))];
  expect(readBadRequest(new Uint8Array([...field(1, violation), 0x10, 0x05]))).toEqual([{ field: 'rows', description: 'unknown key' }]);
});

test('at most so many take turns, and a failure gives its turn back', async () => {
  const turns = createTurns(2);
  let running = 0;
  let most = 0;
  const work = (fails: boolean) => async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    if (fails) throw new Error('no');
  };
  await Promise.allSettled([false, true, false, true, false].map((fails) => turns(work(fails))));
  expect(most).toBe(2);
  expect(running).toBe(0);
});

test('a stream that is lost between its messages is a loss of the server', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', async () => new Response('')); // by which a page that was lost looks for a newer one
  const lossBy = async (error: ConnectError) => {
    noteAnswer();
    const message = (async function* () {
      yield 1;
      throw error;
    })();
    const next = async () => ({ stream: true, message });
    const response = await watchConnection(next as never)({ signal: new AbortController().signal } as never);
    const read = async () => {
      for await (const _ of response.message as AsyncIterable<number>) expect(connection.get().isLost).toBe(false);
    };
    await expect(read()).rejects.toBe(error);
    return connection.get().isLost;
  };
  expect(await lossBy(new ConnectError('too much', Code.ResourceExhausted))).toBe(false);
  expect(await lossBy(new ConnectError('stopping', Code.Unavailable))).toBe(true);
  noteAnswer();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
