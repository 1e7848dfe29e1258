import { Code, ConnectError } from '@connectrpc/connect';
import type { WatchSweepResponse } from '../gen/sweep_pb';
import { retryDelay } from './backoff';
import { service } from './client';
import { noteLoss } from './connection';
import { isServerGone } from './problem';

const HIDDEN_POLL_MS = 60_000;
const ENDED_POLL_MS = 60_000;

export interface WatchEvents {
  onMessage(message: WatchSweepResponse): void;
  // An error that trying again does not mend: there is no such sweep.
  onEnd(error: unknown): void;
}

// Follows a sweep until `signal` aborts. Reconnects when the stream breaks. A hidden page gives its
// stream back and asks once a minute, since a browser grants six connections to all tabs of a coordinator together.
export async function watchSweep(name: string, events: WatchEvents, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const turn = new AbortController();
    const end = () => turn.abort();
    signal.addEventListener('abort', end, { once: true });
    const isGlance = document.hidden;
    if (!isGlance) document.addEventListener('visibilitychange', end, { once: true });
    try {
      for await (const message of service.watchSweep({ name, minIntervalSeconds: 1 }, { signal: turn.signal })) {
        failures = 0;
        events.onMessage(message);
        if (isGlance) turn.abort();
      }
      // Every trial has ended, until someone resumes the sweep or retries some.
      await pause(ENDED_POLL_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!turn.signal.aborted) {
        if (isServerGone(error)) noteLoss();
        else if (!isWorthRetrying(error)) return events.onEnd(error);
        await pause(retryDelay(failures++, Math.random()), signal);
      } else if (document.hidden) {
        await pause(HIDDEN_POLL_MS, signal, isGlance || document.hidden);
      }
    } finally {
      signal.removeEventListener('abort', end);
      document.removeEventListener('visibilitychange', end);
    }
  }
}

function isWorthRetrying(error: unknown): boolean {
  const code = ConnectError.from(error).code;
  return code !== Code.NotFound && code !== Code.InvalidArgument && code !== Code.Unimplemented;
}

// Ends early when the page is shown again, if `endsWhenShown`.
function pause(milliseconds: number, signal: AbortSignal, endsWhenShown = false): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      document.removeEventListener('visibilitychange', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish, { once: true });
    if (endsWhenShown) document.addEventListener('visibilitychange', finish, { once: true });
  });
}
