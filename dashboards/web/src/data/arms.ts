import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { armOf } from './curve';

// Of these keys the trial's values, as a user types them; a key without a meaning in this trial has none.
export function armOfTrial(trial: Pick<Trial, 'armKeys' | 'results'>, keys: readonly string[]): Record<string, string> {
  const values = { ...armOf(trial.armKeys), seed: String(trial.results.seed) };
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
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
