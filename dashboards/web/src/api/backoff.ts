const FIRST_MS = 1_000;
const LAST_MS = 30_000;

// How long to wait before the try after `failures` failed ones. `chance` in [0, 1) spreads the pages that lost the same server.
export function retryDelay(failures: number, chance: number): number {
  const longest = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return longest * (0.75 + chance / 4);
}
