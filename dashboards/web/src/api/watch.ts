import { Code, ConnectError } from '@connectrpc/connect';
import type { WatchSweepResponse } from '../gen/ofsweep/v1/sweep_pb';
import { retryDelay } from './backoff';
import { service } from './client';
import { pause } from './pause';
import { isServerGone } from './problem';

const HIDDEN_POLL_MS = 60_000;
const ENDED_POLL_MS = 60_000;

export interface WatchEvents {
  onMessage(message: WatchSweepResponse): void;
  // An error that trying again does not mend: there is no such sweep.
  onEnd(error: unknown): void;
}

// Follows a sweep until `signal` aborts. Reconnects when the stream breaks. A hidden page gives its stream back and asks once a minute,
// since a browser grants six connections to all tabs of a coordinator together.
export async function watchSweep(name: string, events: WatchEvents, signal: AbortSignal): Promise<void> {
  let failures = 0;
  const onMessage = (message: WatchSweepResponse) => {
    failures = 0;
    events.onMessage(message);
  };
  while (!signal.aborted) {
    try {
      const outcome = await readStream(name, onMessage, signal);
      // Every trial has ended, until someone resumes the sweep or retries some.
      if (outcome === 'ended') await pause(ENDED_POLL_MS, signal);
      else if (document.hidden) await pause(HIDDEN_POLL_MS, signal, { untilShown: true });
    } catch (error) {
      if (!isServerGone(error) && !isWorthRetrying(error)) return events.onEnd(error);
      await pause(retryDelay(failures++, Math.random()), signal);
    }
  }
}

// Until the page is hidden or shown; of a hidden page the first message alone.
async function readStream(
  name: string,
  onMessage: (message: WatchSweepResponse) => void,
  signal: AbortSignal,
): Promise<'ended' | 'interrupted'> {
  const own = new AbortController();
  const interrupt = () => own.abort();
  signal.addEventListener('abort', interrupt);
  document.addEventListener('visibilitychange', interrupt);
  try {
    for await (const message of service.watchSweep({ name, minIntervalSeconds: 1 }, { signal: own.signal })) {
      onMessage(message);
      if (document.hidden) return 'interrupted';
    }
    return own.signal.aborted ? 'interrupted' : 'ended';
  } catch (error) {
    if (own.signal.aborted) return 'interrupted';
    throw error;
  } finally {
    signal.removeEventListener('abort', interrupt);
    document.removeEventListener('visibilitychange', interrupt);
    own.abort();
  }
}

function isWorthRetrying(error: unknown): boolean {
  const code = ConnectError.from(error).code;
  return ![Code.NotFound, Code.InvalidArgument, Code.Unimplemented, Code.Unauthenticated, Code.PermissionDenied].includes(code);
}
