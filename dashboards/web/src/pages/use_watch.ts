import { useEffect, useState } from 'preact/hooks';
import { type Problem, problemOf } from '../api/problem';
import { watchSweep } from '../api/watch';
import type { WatchSweepResponse } from '../gen/sweep_pb';

export interface Watched {
  message: WatchSweepResponse | undefined;
  problem: Problem | undefined;
}

// The newest state of a sweep. `turn` starts anew: a stream ends when every trial has, and a retry makes trials pending again.
export function useWatch(name: string, turn: number): Watched {
  const [watched, setWatched] = useState<Watched>({ message: undefined, problem: undefined });
  useEffect(() => {
    const abort = new AbortController();
    void watchSweep(
      name,
      {
        onMessage: (message) => setWatched({ message, problem: undefined }),
        onEnd: (error) => setWatched((before) => ({ ...before, problem: problemOf(error) })),
      },
      abort.signal,
    );
    return () => abort.abort();
  }, [name, turn]);
  return watched;
}

// The newest `value`, but never sooner than `milliseconds` after the one before: what costs an answer of curves need not follow each
// second.
export function useThrottled<T>(value: T, milliseconds: number): T {
  const [shown, setShown] = useState({ value, at: 0 });
  useEffect(() => {
    if (Object.is(shown.value, value)) return;
    const wait = Math.max(0, shown.at + milliseconds - Date.now());
    const timer = setTimeout(() => setShown({ value, at: Date.now() }), wait);
    return () => clearTimeout(timer);
  }, [value, shown, milliseconds]);
  return shown.value;
}
