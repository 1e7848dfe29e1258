import { useEffect, useState } from 'preact/hooks';
import { service } from '../api/client';
import type { Sweep } from '../gen/ofsweep/v1/sweep_pb';
import { useTicks } from '../state/hooks';

// What a list of sweeps does not say: how far their steps are, and for how long they will train.
export interface Glance {
  share: number | undefined;
  etaSeconds: number | undefined;
}
export type Glances = ReadonlyMap<string, Glance>;

const MOST_SWEEPS = 8;
const EVERY_MS = 20_000;

// Takes the first message of the streams of sweeps that run, one after the other, so that one connection is enough.
export function useGlances(sweeps: readonly Sweep[]): Glances {
  const [glances, setGlances] = useState<Glances>(new Map());
  const ticks = useTicks(EVERY_MS);
  const names = sweeps.filter((sweep) => (sweep.trials?.running ?? 0) > 0).map((sweep) => sweep.name);
  const key = names.slice(0, MOST_SWEEPS).join('\n');
  useEffect(() => {
    const abort = new AbortController();
    void (async () => {
      for (const name of key ? key.split('\n') : []) {
        const glance = await firstGlance(name, abort.signal);
        if (abort.signal.aborted) return;
        if (glance) setGlances((before) => new Map(before).set(name, glance));
      }
    })();
    return () => abort.abort();
  }, [key, ticks]);
  return new Map([...glances].filter(([name]) => names.includes(name)));
}

async function firstGlance(name: string, signal: AbortSignal): Promise<Glance | undefined> {
  const own = new AbortController();
  const end = () => own.abort();
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const message of service.watchSweep({ name, minIntervalSeconds: 60 }, { signal: own.signal })) {
      return {
        share: message.stepsTotal > 0 ? message.stepsDone / message.stepsTotal : undefined,
        etaSeconds: message.etaSeconds,
      };
    }
  } catch {
    // The list itself says when the server is gone.
  } finally {
    own.abort();
    signal.removeEventListener('abort', end);
  }
  return undefined;
}
