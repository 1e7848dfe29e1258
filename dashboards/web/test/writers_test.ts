// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { csvText } from '../src/data/csv';
import type { Scene } from '../src/data/scene';
import { svgText } from '../src/data/scene_svg';

test('CSV quotes what needs it and keeps NaN and infinities', () => {
  expect(
    csvText(
      ['a', 'b "c"'],
      [
        [1.5, 'x,y'],
        [NaN, undefined],
        [-Infinity, 'line\nbreak'],
      ],
    ),
  ).toBe('a,"b ""c"""\r\n1.5,"x,y"\r\nNaN,\r\n-Infinity,"line\nbreak"\r\n');
});

test('SVG stands alone and escapes its text', () => {
  const scene: Scene = {
    width: 10,
    height: 20,
    background: '#fff',
    marks: [
      {
        kind: 'line',
        points: [
          [0, 0],
          [1, 2.3456],
        ],
        color: '#123',
        width: 2,
        dash: [3, 1],
      },
      { kind: 'text', x: 1, y: 2, text: 'a < b & "c"', color: '#000', size: 11, turn: -90 },
      { kind: 'dot', x: 1, y: 1, radius: 2, color: '#456', hollow: true },
      { kind: 'cross', x: 5, y: 5, radius: 1, color: '#789' },
    ],
  };
  const svg = svgText(scene);
  const document = new DOMParser().parseFromString(svg, 'image/svg+xml');
  expect(document.querySelector('parsererror')).toBeNull();
  expect(document.querySelector('text')?.textContent).toBe('a < b & "c"');
  expect(svg).toContain('M0 0L1 2.35');
  expect(svg).toContain('stroke-dasharray="3 1"');
  expect(svg).not.toMatch(/href|<style|<script/);
});
