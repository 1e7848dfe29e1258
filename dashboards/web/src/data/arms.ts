import type { Trial } from '../gen/sweep_pb';
import { valueText } from './curve';

// The keys that the sweep varies, in its order, as the labels of its trials name them: "model.block=op optimizer.name=adam seed=0".
// A key that means nothing for a trial is not in its label, so all labels are asked.
export function variedKeys(trials: readonly Pick<Trial, 'label' | 'config'>[]): string[] {
  const keys: string[] = [];
  for (const trial of trials) {
    let at = 0;
    for (const key of labelKeys(trial)) {
      const known = keys.indexOf(key);
      if (known >= 0) at = known + 1;
      else keys.splice(at++, 0, key);
    }
  }
  return keys;
}

// A word before "=" that is a key of the configuration: values may have spaces and "=" in them.
function labelKeys(trial: Pick<Trial, 'label' | 'config'>): string[] {
  return [...trial.label.matchAll(/(?:^| )([a-z0-9_.]+)=/g)]
    .map((match) => match[1])
    .filter((key) => key === 'seed' || key in (trial.config ?? {}));
}

// By key, as a user would type the value; a key without a meaning in this trial has none.
export function armOfTrial(trial: Pick<Trial, 'label' | 'config'>, keys: readonly string[]): Record<string, string> {
  const own = new Set(labelKeys(trial));
  const arm: Record<string, string> = {};
  for (const key of keys) if (own.has(key)) arm[key] = valueText(trial.config?.[key]);
  return arm;
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
