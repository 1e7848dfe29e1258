// How a view's settings are written into the URL. What has its default is left out, so that links stay short and defaults may grow better.

export function readList(params: URLSearchParams, name: string): string[] | undefined {
  const text = params.get(name);
  if (text === null) return undefined;
  return text === '' ? [] : text.split(',').map(unescapeComma);
}

export function readChoice<T extends string>(params: URLSearchParams, name: string, choices: readonly T[], otherwise: T): T {
  return choices.find((choice) => choice === params.get(name)) ?? otherwise;
}

export function readNumber(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  const number = text === null || text === '' ? NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

// `undefined` removes the setting.
export type Setting = string | number | boolean | readonly (string | number)[] | undefined;

export function withSettings(params: URLSearchParams, settings: Record<string, Setting>): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === false) next.delete(name);
    else next.set(name, settingText(value));
  }
  return next;
}

function settingText(value: Exclude<Setting, undefined>): string {
  if (value === true) return '1';
  return Array.isArray(value) ? value.map((item) => escapeComma(String(item))).join(',') : String(value);
}

// A comma inside of an item: values such as [w8a8, w4a4] have one.
function escapeComma(item: string): string {
  return item.replace(/~/g, '~0').replace(/,/g, '~1');
}

function unescapeComma(item: string): string {
  return item.replace(/~1/g, ',').replace(/~0/g, '~');
}

// Layers as "0-3,11".
export function rangesText(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

// What is no range is left out, and no range makes more than `most` numbers.
export function parseRanges(text: string, most = 10_000): number[] {
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    const last = Math.min(Number(match[2] ?? match[1]), first + most);
    for (let number = first; number <= last; ++number) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}
