import { useEffect, useState } from 'preact/hooks';
import { type Problem, problemOf } from '../api/problem';
import { watchSweep } from '../api/watch';
import type { WatchSweepResponse } from '../gen/ofsweep/v1/sweep_pb';

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
