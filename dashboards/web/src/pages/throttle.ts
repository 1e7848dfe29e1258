import { useEffect, useState } from 'preact/hooks';

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

const SHORTEST_REST_MS = 4_000;
const SHARE = 15;

// How long to leave a server alone after an answer that took so long: pages of large sweeps take a small share of its time.
export function restAfter(milliseconds: number): number {
  return Math.max(SHORTEST_REST_MS, SHARE * milliseconds);
}

// Notes how long an answer took.
export async function timed<T>(cost: { current: number }, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const answer = await work();
  cost.current = performance.now() - start;
  return answer;
}
