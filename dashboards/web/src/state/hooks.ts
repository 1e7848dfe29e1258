import { Code } from '@connectrpc/connect';
import { useEffect, useRef, useState } from 'preact/hooks';
import { retryDelay } from '../api/backoff';
import { connection } from '../api/connection';
import { type Problem, isAbort, problemOf } from '../api/problem';
import { type Who, session } from '../api/session';
import type { Store } from '../api/store';

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(() => store.get());
  useEffect(() => {
    const follow = () => setValue(() => store.get());
    follow(); // it may have changed since the first drawing
    return store.subscribe(follow);
  }, [store]);
  return value;
}

// Of a page that is shown to somebody.
export function useWho(): Who {
  const now = useStore(session);
  return now.state === 'in' ? now.who : NOBODY;
}

const NOBODY: Who = { name: 'nobody', role: 'none', asks: true };

export interface Resource<T> {
  data: T | undefined;
  problem: Problem | undefined;
  isLoading: boolean;
}

// What `load` gives for `key`; loaded again when `key` or `version` changes and when a lost server is back. While it loads, and while
// the server is gone or has too much to do, the data of before stays, unless `scope` has changed: another sweep's curves are not this one's.
// `load` may `show` a part of what will come, which is taken where there is nothing yet.
export function useResource<T>(
  key: string | undefined,
  load: (signal: AbortSignal, show: (part: T) => void) => Promise<T>,
  { version = 0, scope = '' }: { version?: unknown; scope?: string } = {},
): Resource<T> {
  const [state, setState] = useState<Resource<T> & { scope: string }>({ ...NOTHING, scope });
  const { epoch } = useStore(connection);
  const [retries, setRetries] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    setState((before) => ({ ...(before.scope === scope ? before : NOTHING), scope, isLoading: true }));
    const show = (data: T) => {
      if (!abort.signal.aborted) setState((before) => (before.data === undefined ? { ...before, data } : before));
    };
    latest.current(abort.signal, show).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, problem: undefined, isLoading: false, scope });
      },
      (error: unknown) => {
        if (abort.signal.aborted || isAbort(error)) return;
        const problem = problemOf(error);
        const isBusy = problem.code === Code.ResourceExhausted;
        if (isBusy) retry = setTimeout(() => setRetries((count) => count + 1), retryDelay(2, Math.random()));
        const keeps = isBusy || problem.code === Code.Unavailable;
        setState((before) => ({ ...before, data: keeps ? before.data : undefined, problem, isLoading: false }));
      },
    );
    return () => {
      clearTimeout(retry);
      abort.abort();
    };
  }, [key, version, epoch, scope, retries]);
  return state.scope === scope ? state : NOTHING;
}

const NOTHING = { data: undefined, problem: undefined, isLoading: true } as const;

// Counts up every so often while the page is shown; a hidden page asks only once a minute.
export function useTicks(milliseconds: number): number {
  const [ticks, setTicks] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const plan = () => {
      clearTimeout(timer);
      timer = setTimeout(tick, document.hidden ? Math.max(milliseconds, 60_000) : milliseconds);
    };
    const tick = () => {
      setTicks((count) => count + 1);
      plan();
    };
    const onVisibility = () => (document.hidden ? plan() : tick());
    plan();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [milliseconds]);
  return ticks;
}

export function useIsHidden(): boolean {
  const [isHidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const follow = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', follow);
    return () => document.removeEventListener('visibilitychange', follow);
  }, []);
  return isHidden;
}

// The width that an element has, as it changes.
export function useWidth<E extends HTMLElement>(): [(element: E | null) => void, number] {
  const [width, setWidth] = useState(0);
  const [element, setElement] = useState<E | null>(null);
  useEffect(() => {
    if (!element) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · ofsweep` : 'ofsweep';
  }, [title]);
}
