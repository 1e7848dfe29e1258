// The exponential moving average of a curve, as TensorBoard draws it: `weight` in [0, 1) of what was, corrected for the zero that it
// starts from, and taken to the power of the distance between steps so that it means the same for curves measured more seldom.
// What is not finite stays where it is and does not touch the average.
export function smooth(steps: readonly number[], values: readonly number[], weight: number): number[] {
  if (weight <= 0) return [...values];
  const unit = medianGap(steps) ?? 1;
  let average = 0;
  let mass = 0;
  let before: number | undefined;
  return values.map((value, i) => {
    if (!Number.isFinite(value)) return value;
    const kept = weight ** (before === undefined ? 1 : (steps[i] - before) / unit);
    average = average * kept + value * (1 - kept);
    mass = mass * kept + (1 - kept);
    before = steps[i];
    return mass > 0 ? average / mass : value;
  });
}

// Between neighbours that are not at one place; undefined where there are none.
export function medianGap(ascending: readonly number[]): number | undefined {
  const gaps = ascending.slice(1).map((at, i) => at - ascending[i]);
  const known = gaps.filter((gap) => gap > 0).sort((a, b) => a - b);
  return known[known.length >> 1];
}

// On a logarithmic axis the average is of the logarithms, so that one spike does not lift all that follows.
export function smoothOn(isLog: boolean, steps: readonly number[], values: readonly number[], weight: number): number[] {
  if (!isLog || weight <= 0) return smooth(steps, values, weight);
  const logs = values.map((value) => (value > 0 ? Math.log(value) : NaN));
  return smooth(steps, logs, weight).map((log, i) => (Number.isNaN(log) ? values[i] : Math.exp(log)));
}
