import type { Trial } from '../gen/ofsweep/v1/sweep_pb';

type Labelled = Pick<Trial, 'label' | 'config'>;

// The keys that the sweep varies, in its order, as the labels of its trials name them: "model.block=op optimizer.name=adam seed=0".
// A key that means nothing for a trial is not in its label, so all labels are asked.
export function variedKeys(trials: readonly Labelled[]): string[] {
  const keys: string[] = [];
  for (const trial of trials) {
    let at = 0;
    for (const { key } of labelParts(trial)) {
      const known = keys.indexOf(key);
      if (known >= 0) at = known + 1;
      else keys.splice(at++, 0, key);
    }
  }
  return keys;
}

// By key, the value as its label says it; a key without a meaning in this trial has none.
export function armOfTrial(trial: Labelled, keys: readonly string[]): Record<string, string> {
  const parts = labelParts(trial).filter(({ key }) => keys.includes(key));
  return Object.fromEntries(parts.map(({ key, value }) => [key, value]));
}

// A word before "=" begins a part where it is a key of the configuration: values may have spaces and "=" in them.
function labelParts({ label, config }: Labelled): { key: string; value: string }[] {
  const starts = [...label.matchAll(/(?:^| )([a-z0-9_.]+)=/g)].filter(([, key]) => key === 'seed' || key in (config ?? {}));
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
