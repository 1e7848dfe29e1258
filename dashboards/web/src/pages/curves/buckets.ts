// Each bucket gives up to three points: its last, smallest and largest.
const POINTS = 3;
const MOST_BUCKETS = 1_000;
const LEAST_BUCKETS = 50;
// Of all lines of a panel. They rarely share their steps, and uPlot keeps a cell for each line at each of all steps.
const MOST_POINTS = 24_000;

// Into how many buckets curves are cut for a page so wide, of panels with so many lines. In hundreds, so that a window that is dragged does
// not ask at each pixel. 0 while the width is not known.
export function bucketsFor(width: number, lines: number): number {
  if (width === 0) return 0;
  const byWidth = Math.max(100, Math.ceil(width / 2 / 100) * 100);
  const byLines = Math.floor(MOST_POINTS / POINTS / Math.max(1, lines));
  return Math.min(MOST_BUCKETS, byWidth, Math.max(LEAST_BUCKETS, byLines));
}
