import { LogText } from '../data/log_text';
import { retryDelay } from './backoff';
import { service } from './client';
import { pause } from './pause';
import { isServerGone } from './problem';

const LAST_BYTES = 256 * 1024;

// Shows the end of an attempt's log, and what comes behind it until the attempt has ended. Goes on from where a stream broke; throws where trying
// again does not help.
export async function followLog(trialId: string, attempt: number, show: (text: string) => void, signal: AbortSignal): Promise<void> {
  let failures = 0;
  const log = new LogText();
  while (!signal.aborted) {
    try {
      for await (const piece of service.tailLog({ trialId, attempt, follow: true, lastBytes: LAST_BYTES, begin: log.end }, { signal })) {
        failures = 0;
        show(log.add(piece));
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isServerGone(error)) throw error;
      await pause(retryDelay(failures++, Math.random()), signal);
    }
  }
}
