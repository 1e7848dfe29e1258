import type { Curve } from '../gen/ofsweep/v1/results_pb';

// A trial's curve, or a group's: then it is of `trials` trials, `trialIds` has the first of them, and `counts` and `deviations` belong to each step.
export interface MeasuredCurve {
  metric: string;
  site: string;
  layer: number | undefined;
  trialId: string;
  trials: number;
  trialIds: string[];
  // By key, as a user would type the value.
  arm: Record<string, string>;
  seed: number;
  steps: number[];
  values: number[];
  counts: number[];
  deviations: number[];
}

// Long curves come in pieces, one behind the other.
export function joinPieces(pieces: Curve[]): MeasuredCurve[] {
  const curves: MeasuredCurve[] = [];
  for (const piece of pieces) {
    const last = curves.at(-1);
    if (last && isSameCurve(last, piece)) {
      for (const field of ['steps', 'values', 'counts', 'deviations'] as const) append(last[field], piece[field]);
    } else {
      curves.push(measuredCurve(piece));
    }
  }
  return curves;
}

function append(whole: number[], piece: number[]): void {
  for (const number of piece) whole.push(number);
}

function isSameCurve(curve: MeasuredCurve, piece: Curve): boolean {
  return (
    curve.metric === piece.metric &&
    curve.site === piece.site &&
    curve.layer === piece.layer &&
    curve.trialId === piece.trialId &&
    curve.trialIds.join() === piece.trialIds.join()
  );
}

function measuredCurve(curve: Curve): MeasuredCurve {
  return {
    metric: curve.metric,
    site: curve.site,
    layer: curve.layer,
    trialId: curve.trialId,
    trials: curve.trials,
    trialIds: curve.trialIds,
    arm: armOf(curve.armKeys),
    seed: curve.seed,
    steps: curve.steps,
    values: curve.values,
    counts: curve.counts,
    deviations: curve.deviations,
  };
}

export function armOf(json: string): Record<string, string> {
  if (json === '') return {};
  const keys = JSON.parse(json) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, valueText(value)]));
}

// As the server writes it in labels and tables: 1e-08, 0.001.
function keyNumberText(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(value);
}

// A value of a trial key as a user types it: [w8a8, w4a4], true, 0.001.
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return keyNumberText(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
