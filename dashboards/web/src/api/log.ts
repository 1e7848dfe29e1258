import { LogText } from '../data/log_text';
import { retryDelay } from './backoff';
import { service } from './client';
import { noteLoss } from './connection';
import { pause } from './pause';
import { isServerGone } from './problem';

const LAST_BYTES = 256 * 1024;

// Shows the end of an attempt's log, and what comes behind it until the attempt has ended. Begins anew when the stream breaks; throws where
// trying again does not help.
export async function followLog(trialId: string, attempt: number, show: (text: string) => void, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const log = new LogText();
    try {
      for await (const piece of service.tailLog({ trialId, attempt, follow: true, lastBytes: LAST_BYTES }, { signal })) {
        failures = 0;
        show(log.add(piece));
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isServerGone(error)) throw error;
      noteLoss();
      await pause(retryDelay(failures++, Math.random()), signal);
    }
  }
}
