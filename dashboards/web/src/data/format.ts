// Numbers, durations and times as the page shows them.

export function numberText(value: number | undefined, digits = 4): string {
  if (value === undefined) return '–';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-3 ? scientific(value, digits) : plain(value, digits);
  return text.replace(/^-/, '−');
}

// With why it is not on its axis: "−0.130 (not positive)".
export function axisValueText(value: number | undefined, isLog: boolean): string {
  return value !== undefined && isLog && value <= 0 ? `${numberText(value)} (not positive)` : numberText(value);
}

function plain(value: number, digits: number): string {
  return Number.isInteger(value) ? String(value) : fixed(value, Math.min(decimalsOf(value, digits) ?? 0, 10));
}

// How many decimals a number has where it has so many digits; undefined where it is written with a power of ten.
function decimalsOf(value: number, digits: number): number | undefined {
  if (value === 0) return 0;
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-3 || !Number.isFinite(size) ? undefined : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
}

// A number of a table, as the terminal has it: 12 is 12.00. With `like` it has as many decimals as that one, as a deviation has those of its mean.
export function cellText(value: number, like = value): string {
  const decimals = decimalsOf(like, 4);
  if (decimals === undefined || !Number.isFinite(value)) return numberText(value, like === value ? 4 : 2);
  return fixed(value, decimals).replace(/^-/, '−');
}

// As the terminal has it: a tie goes to the even digit, where toFixed goes up. 0.0625 is 0.062.
function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  const isTie = /^50*$/.test(value.toFixed(decimals + 30).slice(-30));
  const isOdd = Number(text.at(-1)) % 2 === 1;
  return isTie && isOdd ? (Number(text) - Math.sign(value) * 10 ** -decimals).toFixed(decimals) : text;
}

function scientific(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  return `${mantissa.replace(/\.?0+$/, '')}e${Number(exponent)}`;
}

const THOUSANDS: [string, number][] = [
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
];

// The label of a tick: as few digits as tell it from its neighbours, and 140k for 140000.
export function tickText(value: number): string {
  const size = Math.abs(value);
  const suffix = size >= 1e4 && size < 1e12 ? THOUSANDS.find(([, unit]) => size >= unit) : undefined;
  return suffix ? `${digitsText(value / suffix[1])}${suffix[0]}` : digitsText(value);
}

function digitsText(value: number): string {
  return numberText(Number(value.toPrecision(6)), 6)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

export function countText(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

// "6", or "2 of 6" where not all have it.
export function countOfText(count: number, all: number): string {
  return count < all ? `${count} of ${all}` : String(count);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

const UNITS: [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

// One unit, and what is left of it in the next where it is few: "2 h 05 min", "16 min", "48 s".
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return numberText(seconds);
  const whole = Math.max(0, Math.round(seconds));
  const at = UNITS.findIndex(([, size]) => whole >= size);
  if (at < 0) return '0 s';
  const [unit, size] = UNITS[at];
  const next = UNITS[at + 1];
  if (whole >= 10 * size || !next) return `${Math.round(whole / size)} ${unit}`;
  const rest = Math.floor((whole % size) / next[1]);
  return `${Math.floor(whole / size)} ${unit}${rest > 0 ? ` ${String(rest).padStart(2, '0')} ${next[0]}` : ''}`;
}

export function agoText(then: Date, now: Date): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  return seconds < 5 ? 'just now' : `${durationText(seconds).replace(/^(\d+ \w+) .*/, '$1')} ago`;
}

export function timeText(time: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${numberText(Number((bytes / 1024 ** at).toPrecision(3)), 3)} ${units[at]}`;
}
