import { expect, test } from 'vitest';
import { parseRanges, rangesText, readList, readNumber, withSettings } from '../src/state/params';
import { type Place, hrefOf, parseRoute } from '../src/state/route';

test.each<Place>([
  { page: 'sweeps' },
  { page: 'fleet' },
  { page: 'sweep', sweep: 'a/b ?#%', view: 'table' },
  { page: 'trial', sweep: 'größe', trial: '0123abc' },
])('a place survives its address: %j', (place) => {
  expect(parseRoute(hrefOf(place)).place).toEqual(place);
});

test('short addresses', () => {
  expect(parseRoute('').place).toEqual({ page: 'sweeps' });
  expect(parseRoute('#/').place).toEqual({ page: 'sweeps' });
  expect(parseRoute('#/sweeps/x').place).toEqual({ page: 'sweep', sweep: 'x', view: 'curves' });
});

test.each(['#/nowhere', '#/sweeps/x/flowers', '#/sweeps/x/trials/y/z', '#/fleet/1', '#/sweeps/%E0%A4'])('%s is no address', (hash) => {
  expect(parseRoute(hash).place.page).toBe('unknown');
});

test('settings survive, commas inside of them too', () => {
  const params = withSettings(new URLSearchParams(), {
    m: ['kurtosis', 'rms'],
    hide: ['bits=[w8a8, w4a4]', 'a~b'],
    smooth: 0.5,
    members: false,
    empty: [],
  });
  const href = hrefOf({ page: 'sweep', sweep: 'x', view: 'curves' }, params);
  expect(href).toContain('m=kurtosis,rms');
  const read = parseRoute(href).params;
  expect(readList(read, 'm')).toEqual(['kurtosis', 'rms']);
  expect(readList(read, 'hide')).toEqual(['bits=[w8a8, w4a4]', 'a~b']);
  expect(readList(read, 'empty')).toEqual([]);
  expect(readList(read, 'absent')).toBeUndefined();
  expect(readNumber(read, 'smooth')).toBe(0.5);
  expect(read.has('members')).toBe(false);
  expect(withSettings(read, { m: undefined }).has('m')).toBe(false);
});

test('ranges of layers', () => {
  expect(rangesText([3, 0, 1, 2, 11, 2])).toBe('0-3,11');
  expect(parseRanges('0-3, 11')).toEqual([0, 1, 2, 3, 11]);
  expect(parseRanges('x, 2-, 5-4')).toEqual([]);
  expect(parseRanges('0-99999999999', 10)).toHaveLength(11);
});
