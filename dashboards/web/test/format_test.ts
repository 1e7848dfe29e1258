import { expect, test } from 'vitest';
import { agoText, bytesText, cellText, countText, durationText, numberText, plural, tickText } from '../src/data/format';

test('numbers keep four digits, and what is not finite is said', () => {
  expect(numberText(3.14159)).toBe('3.142');
  expect(numberText(0.012345)).toBe('0.01235');
  expect(numberText(1234.5678)).toBe('1235');
  expect(numberText(-2.5)).toBe('−2.500');
  expect(numberText(12)).toBe('12');
  expect(numberText(1.5e-7)).toBe('1.5e-7');
  expect(numberText(78291234.5)).toBe('7.829e7');
  expect(numberText(NaN)).toBe('NaN');
  expect(numberText(Infinity)).toBe('∞');
  expect(numberText(-Infinity)).toBe('−∞');
  expect(numberText(undefined)).toBe('–');
});

test('a tie goes to the even digit, as in the terminal', () => {
  expect([numberText(0.0625, 2), numberText(0.1875, 3), numberText(2.5, 1), numberText(3.5, 1)]).toEqual(['0.062', '0.188', '2', '4']);
  expect(numberText(-0.0625, 2)).toBe('−0.062');
  expect(numberText(0.06251, 2)).toBe('0.063');
});

test('a deviation has as many decimals as its mean, as in the terminal', () => {
  expect([cellText(12), cellText(0), cellText(-9), cellText(1234.5678), cellText(NaN)]).toEqual(['12.00', '0', '−9.000', '1235', 'NaN']);
  expect([cellText(0.0083, 5.534), cellText(12.345, 235.6), cellText(NaN, 2)]).toEqual(['0.008', '12.3', 'NaN']);
  expect(cellText(0.000123, 0.0005)).toBe('1.2e-4');
});

test('ticks are short', () => {
  expect([0, 0.1, 2.5, 20, 9000, 140_000, 1.5e6, 0.0001].map(tickText)).toEqual(['0', '0.1', '2.5', '20', '9000', '140k', '1.5M', '1e-4']);
  expect(tickText(0.1 + 0.2)).toBe('0.3');
});

test('durations have two units where the first is few', () => {
  expect([0, 48, 125, 3_600, 7_530, 59_000, 90_000].map(durationText)).toEqual([
    '0 s',
    '48 s',
    '2 min 05 s',
    '1 h',
    '2 h 05 min',
    '16 h',
    '1 d 01 h',
  ]);
  expect(durationText(Infinity)).toBe('∞');
});

test('times past', () => {
  const now = new Date(1_000_000_000);
  expect(agoText(new Date(now.getTime() - 2_000), now)).toBe('just now');
  expect(agoText(new Date(now.getTime() - 125_000), now)).toBe('2 min ago');
});

test('counts and bytes', () => {
  expect(countText(1234567)).toBe('1 234 567');
  expect(plural(1, 'trial')).toBe('1 trial');
  expect(plural(2, 'trial')).toBe('2 trials');
  expect(bytesText(85e9)).toBe('79.2 GiB');
  expect(bytesText(0)).toBe('0 B');
});
