// A picture as a list of marks, which is drawn on a canvas, shown as SVG, or written into a file: one source for all three.

export type Mark =
  | { kind: 'line'; points: [number, number][]; color: string; width: number; dash?: number[]; alpha?: number; id?: string }
  | { kind: 'area'; points: [number, number][]; color: string; alpha: number }
  | { kind: 'rect'; x: number; y: number; width: number; height: number; color: string; alpha?: number; id?: string }
  | { kind: 'dot'; x: number; y: number; radius: number; color: string; hollow?: boolean; alpha?: number; id?: string }
  | { kind: 'cross'; x: number; y: number; radius: number; color: string; alpha?: number; id?: string }
  | {
      kind: 'text';
      x: number;
      y: number;
      text: string;
      color: string;
      size: number;
      anchor?: Anchor;
      turn?: number;
      bold?: boolean;
      halo?: string;
    };

export type Anchor = 'start' | 'middle' | 'end';

export interface Scene {
  width: number;
  height: number;
  background: string;
  marks: Mark[];
}

// Colours of what is no data.
export interface Ink {
  paper: string;
  text: string;
  faint: string;
  grid: string;
}

export const LIGHT_INK: Ink = { paper: '#ffffff', text: '#1d2127', faint: '#5b6470', grid: '#e4e7eb' };
export const DARK_INK: Ink = { paper: '#15191f', text: '#e6e9ed', faint: '#9aa4b1', grid: '#2a313a' };

export const FONT = 'Inter, "Helvetica Neue", Arial, sans-serif';
