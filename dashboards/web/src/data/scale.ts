// From values to pixels, linear or logarithmic.
export interface Scale {
  isLog: boolean;
  domain: [number, number];
  // Not finite where the value has no place on the axis: NaN, ±Inf, and what is not positive on a logarithmic one.
  at(value: number): number;
  invert(pixel: number): number;
  ticks: number[];
}

export function createScale(isLog: boolean, domain: [number, number], range: [number, number], tickCount = 6): Scale {
  const forward = isLog ? Math.log : (value: number) => value;
  const back = isLog ? Math.exp : (value: number) => value;
  const [first, last] = domain.map(forward);
  const span = last - first || 1;
  return {
    isLog,
    domain,
    at: (value) => (isDrawable(value, isLog) ? range[0] + ((forward(value) - first) / span) * (range[1] - range[0]) : NaN),
    invert: (pixel) => back(first + ((pixel - range[0]) / (range[1] - range[0])) * span),
    ticks: isLog ? logTicks(domain, tickCount) : linearTicks(domain, tickCount),
  };
}

// Where an axis has a value: on it, or beyond its ends, which is no place of NaN.
export type Place = 'on' | 'above' | 'below' | 'nan';

export function placeOf(value: number, isLog: boolean): Place {
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'above';
  return value === -Infinity || (isLog && value <= 0) ? 'below' : 'on';
}

// What can be drawn at all on this axis.
export function isDrawable(value: number, isLog: boolean): boolean {
  return placeOf(value, isLog) === 'on';
}

// What stands below an axis, as its tick.
export function belowText(isLog: boolean): string {
  return isLog ? '≤ 0' : '−∞';
}

// A linear axis would show the largest of such values alone: the loss of a trial that diverged beside that of one that did not.
export function spansDecades(values: Iterable<number>, factor = 200): boolean {
  let low = Infinity;
  let high = 0;
  for (const value of values) {
    if (value <= 0) return false;
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high >= low * factor * (1 - 1e-9);
}

// The range of what can be drawn, with a little room, and never empty.
export function domainOf(values: Iterable<number>, isLog: boolean, room = 0.04): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!isDrawable(value, isLog)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return isLog ? [1, 10] : [0, 1];
  if (isLog) {
    const factor = low === high ? 1.5 : (high / low) ** room;
    return [low / factor, high * factor];
  }
  const pad = low === high ? Math.abs(low) * 0.05 || 0.5 : (high - low) * room;
  return [low - pad, high + pad];
}

export function linearTicks([low, high]: [number, number], count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const size = 10 ** Math.floor(Math.log10(rough));
  // Rather a few more than a few less.
  const step = size * ([1, 2, 5, 10].find((factor) => size * factor >= rough * 0.7) ?? 10);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

// Round numbers: as many between the powers of ten as `count` allows, and linear ones within less than a decade, as the terminal's figures have them.
export function logTicks([low, high]: [number, number], count: number): number[] {
  const decades = Math.log10(high / low);
  if (decades < 1 - 1e-9) return linearTicks([low, high], count).filter((tick) => tick > 0);
  const denser = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1]];
  const factors = denser.find((choice) => choice.length * decades <= count + 1) ?? [1];
  const every = Math.max(1, Math.ceil(decades / (count + 1)));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) {
    if (power % every !== 0) continue;
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(6));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks;
}
