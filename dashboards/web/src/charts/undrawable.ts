import type uPlot from 'uplot';
import { type Line, isDrawable } from '../data/line';

// Crosses at the edge of a chart where a value has no place in it: above for ∞, below for NaN, −∞ and what a logarithmic axis cannot
// show. A run of them is one cross, since a diverged trial has one at each step to its end.
export function undrawableAt(line: Pick<Line, 'xs' | 'ys'>, isLog: boolean): { x: number; isAbove: boolean }[] {
  const marks: { x: number; isAbove: boolean }[] = [];
  let before: boolean | undefined;
  line.ys.forEach((y, i) => {
    const isAbove = isDrawable(y, isLog) ? undefined : y === Infinity;
    if (isAbove !== undefined && isAbove !== before) marks.push({ x: line.xs[i], isAbove });
    before = isAbove;
  });
  return marks;
}

export function drawUndrawable(plot: uPlot, lines: readonly Line[], isLog: boolean): void {
  const { ctx, bbox } = plot;
  const size = 4 * devicePixelRatio;
  for (const line of lines) {
    if (line.role === 'raw') continue;
    for (const { x, isAbove } of undrawableAt(line, isLog)) {
      const left = plot.valToPos(x, 'x', true);
      if (left < bbox.left - 1 || left > bbox.left + bbox.width + 1) continue;
      const top = isAbove ? bbox.top + size * 1.5 : bbox.top + bbox.height - size * 1.5;
      ctx.save();
      ctx.strokeStyle = line.style.color;
      ctx.lineWidth = 1.8 * devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(left - size, top - size);
      ctx.lineTo(left + size, top + size);
      ctx.moveTo(left - size, top + size);
      ctx.lineTo(left + size, top - size);
      ctx.stroke();
      ctx.restore();
    }
  }
}
