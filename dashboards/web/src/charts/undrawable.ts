import type uPlot from 'uplot';
import type { Line, Panel } from '../data/line';
import { type Place, placeOf } from '../data/scale';

export interface Undrawable {
  x: number;
  place: Exclude<Place, 'on'>;
}

// Where a line has no place in its chart. A run of such values is one mark, since a diverged trial has one at each step to its end.
export function undrawableAt(line: Pick<Line, 'xs' | 'ys'>, isLog: boolean): Undrawable[] {
  const marks: Undrawable[] = [];
  let before: Place = 'on';
  line.ys.forEach((y, i) => {
    const place = placeOf(y, isLog);
    if (place !== 'on' && place !== before) marks.push({ x: line.xs[i], place });
    before = place;
  });
  return marks;
}

const MEANINGS: Record<Undrawable['place'], (isLog: boolean) => string> = {
  nan: () => '× at the lower edge: NaN',
  above: () => '× at the upper edge: ∞',
  below: (isLog) => `∨ at the lower edge: ${isLog ? 'not positive, for which a logarithmic axis has no place' : '−∞'}`,
};

// What the marks of these panels mean, which draw one where a run of such values begins; "" where they have none.
export function marksText(panels: readonly Pick<Panel, 'lines' | 'isLog'>[]): string {
  const meanings = panels.flatMap(({ lines, isLog }) =>
    lines.filter(({ role }) => role !== 'raw').flatMap((line) => undrawableAt(line, isLog).map(({ place }) => MEANINGS[place](isLog))),
  );
  return [...new Set(meanings)].join('; ');
}

const CROSS: [number, number][][] = [
  [
    [-1, -1],
    [1, 1],
  ],
  [
    [-1, 1],
    [1, -1],
  ],
];
const ARROW_DOWN: [number, number][][] = [
  [
    [-1, -0.5],
    [0, 0.7],
    [1, -0.5],
  ],
];

// A mark's strokes about a place at the edge: a cross for ∞ and, at the lower one, NaN; an arrow down for −∞ and what a logarithmic axis cannot show.
export function strokesAt(place: Undrawable['place'], x: number, y: number, radius: number): [number, number][][] {
  const strokes = place === 'below' ? ARROW_DOWN : CROSS;
  return strokes.map((stroke) => stroke.map(([dx, dy]) => [x + dx * radius, y + dy * radius]));
}

export function drawUndrawable(plot: uPlot, lines: readonly Line[], isLog: boolean): void {
  const { ctx, bbox } = plot;
  const size = 4 * devicePixelRatio;
  for (const line of lines) {
    if (line.role === 'raw') continue;
    for (const { x, place } of undrawableAt(line, isLog)) {
      const left = plot.valToPos(x, 'x', true);
      if (left < bbox.left - 1 || left > bbox.left + bbox.width + 1) continue;
      const top = place === 'above' ? bbox.top + size * 1.5 : bbox.top + bbox.height - size * 1.5;
      ctx.save();
      ctx.strokeStyle = line.style.color;
      ctx.lineWidth = 1.8 * devicePixelRatio;
      ctx.beginPath();
      for (const [first, ...others] of strokesAt(place, left, top, size)) {
        ctx.moveTo(...first);
        for (const point of others) ctx.lineTo(...point);
      }
      ctx.stroke();
      ctx.restore();
    }
  }
}
