import type { Style } from './color';

// A line of a chart. xs ascend; ys may be NaN or infinite.
export interface Line {
  // Of its group: what the legend lists, hides and focuses.
  group: string;
  label: string;
  // mean: of a group, or a trial that stands alone. member: a trial of a group. raw: a line before smoothing.
  role: 'mean' | 'member' | 'raw';
  style: Style;
  xs: number[];
  ys: number[];
  // The band around a mean.
  low?: number[];
  high?: number[];
  // Of how many trials the mean is, and how many the group has.
  counts?: number[];
  trials?: number;
}

// What is drawn of a line in one look: elsewhere ys are NaN.
export interface Stroke extends Line {
  // The mean of fewer trials than the group has.
  isPartial: boolean;
}

// So that the mean of those that are left is not taken for that of all: where some ended earlier it may fall or rise for that alone.
export const PARTIAL_LOOK = { alpha: 0.55, dash: [2, 3] };
export const PARTIAL_TEXT = 'Faint and dotted: the mean of fewer trials than the group has';

export function isPartly({ counts, trials = 0 }: Line): boolean {
  return counts?.some((count) => count < trials) ?? false;
}

// A line, or its two looks: a stretch between two points is of all trials where both are. The band goes with the first of them.
export function strokesOf(line: Line): Stroke[] {
  const { ys, counts, trials = 0 } = line;
  if (!counts || !isPartly(line)) return [{ ...line, isPartial: false }];
  const [whole, partial] = [ys.map(() => NaN), ys.map(() => NaN)];
  for (let i = 1; i < ys.length; ++i) {
    const drawn = Math.min(counts[i - 1], counts[i]) < trials ? partial : whole;
    drawn[i - 1] = ys[i - 1];
    drawn[i] = ys[i];
  }
  if (whole.every(Number.isNaN)) return [{ ...line, isPartial: true }];
  return [
    { ...line, ys: whole, isPartial: false },
    { ...line, ys: partial, isPartial: true, low: undefined, high: undefined },
  ];
}

export interface Panel {
  id: string;
  title: string;
  // What the title abbreviates, in Markdown.
  meaning: string;
  unit: string;
  isLog: boolean;
  lines: Line[];
}

// The values that an axis has to show. A band's ends do not stretch a logarithmic axis downwards: mean − deviation may be ≤ 0.
export function* drawnValues(lines: readonly Line[], isLog: boolean): Generator<number> {
  for (const line of lines) {
    yield* line.ys;
    if (line.high) yield* line.high;
    if (line.low && !isLog) yield* line.low;
  }
}
