// By key, the value as a trial's label says it: "model.block=op optimizer.name=adam seed=0"; a key without a meaning in this trial has
// none. `varied` are the keys that labels name, `keys` those that are asked for.
export function armOfLabel(label: string, varied: readonly string[], keys: readonly string[]): Record<string, string> {
  const parts = labelParts(label, varied).filter(({ key }) => keys.includes(key));
  return Object.fromEntries(parts.map(({ key, value }) => [key, value]));
}

// A word before "=" begins a part where it is a key that varies: values may have spaces and "=" in them.
function labelParts(label: string, varied: readonly string[]): { key: string; value: string }[] {
  const starts = [...label.matchAll(/(?:^| )([a-z0-9_.]+)=/g)].filter(([, key]) => varied.includes(key));
  return starts.map((start, i) => ({ key: start[1], value: label.slice(start.index + start[0].length, starts[i + 1]?.index) }));
}

// "op · adam": what sets an arm apart, its keys being said elsewhere.
export function armLabel(arm: Record<string, string>, keys: readonly string[]): string {
  const values = keys.filter((key) => key in arm).map((key) => valueLabel(key, arm[key]));
  return values.length > 0 ? values.join(' · ') : 'all trials';
}

// A name speaks for itself; a number or a truth value does not.
function valueLabel(key: string, value: string): string {
  return /^(true|false|none|auto|-?[\d.]+(e[+-]?\d+)?)$/i.test(value) ? `${shortKey(key)} ${value}` : value;
}

export function shortKey(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1).replace(/_/g, ' ');
}

// Identifies an arm, whatever the order in which its keys came.
export function armId(arm: Record<string, string>, keys: readonly string[]): string {
  return keys.map((key) => `${key}=${arm[key] ?? ''}`).join(' ');
}

// Each of the words is in the text, whatever the case.
export function matchesWords(text: string, words: string): boolean {
  const lower = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
