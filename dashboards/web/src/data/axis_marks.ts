import { tickText } from './format';
import type { Anchor, Ink, Mark } from './scene';

// A thin line: of an axis, of a tick, or across the picture.
export function axisLine(from: [number, number], to: [number, number], color: string): Mark {
  return { kind: 'line', points: [from, to], color, width: 1 };
}

// A tick's number.
export function tickLabel(tick: number, x: number, y: number, anchor: Anchor, ink: Ink): Mark {
  return { kind: 'text', x, y, text: tickText(tick), color: ink.faint, size: 11, anchor };
}
