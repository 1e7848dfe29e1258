// Colours that readers with each kind of colour blindness tell apart: Okabe and Ito's for arms, viridis for amounts.

export interface Style {
  color: string;
  // Lengths of strokes and gaps; empty: a whole line. Tells the ninth arm from the first.
  dash: number[];
}

const LIGHT = ['#0072b2', '#d55e00', '#009e73', '#b5649a', '#b98300', '#3a9bd1', '#6b6f76', '#8c4a00'];
const DARK = ['#4aa8e0', '#f08339', '#2cc79b', '#dd8fc2', '#e8b53a', '#8fd0f5', '#a9afb8', '#cf9a63'];
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

export function styleOf(index: number, isDark: boolean): Style {
  const colors = isDark ? DARK : LIGHT;
  return { color: colors[index % colors.length], dash: DASHES[Math.floor(index / colors.length) % DASHES.length] };
}

export function withAlpha(hex: string, alpha: number): string {
  const [red, green, blue] = channels(hex);
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

const VIRIDIS = ['#440154', '#482878', '#3e4989', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'];

// `share` from 0 to 1.
export function viridis(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const below = Math.min(VIRIDIS.length - 2, Math.floor(place));
  const [from, to] = [channels(VIRIDIS[below]), channels(VIRIDIS[below + 1])];
  const mixed = from.map((channel, i) => Math.round(channel + (to[i] - channel) * (place - below)));
  return `rgb(${mixed.join(', ')})`;
}

// As lines, which have to be seen on light paper and on dark: without the end of the colours that is as light or as dark as the paper.
export function rampColor(share: number, isDark: boolean): string {
  return viridis(isDark ? 0.25 + share * 0.75 : share * 0.82);
}

// Of what has no place in the amounts.
export const NAN_COLOR = '#9b9b9b';
export const INFINITE_COLOR = '#e0591c';
export const BELOW_COLOR = '#d86fb0';

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
