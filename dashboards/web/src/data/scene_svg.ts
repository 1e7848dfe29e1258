import { FONT, type Mark, type Scene } from './scene';

// A file that stands alone: no style sheet, no external reference.
export function svgText(scene: Scene): string {
  const { width, height } = scene;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escape(FONT)}">`,
    `<rect width="${width}" height="${height}" fill="${scene.background}"/>`,
    ...scene.marks.map(markText),
    '</svg>\n',
  ].join('\n');
}

export function pathText(points: readonly [number, number][]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
}

function markText(mark: Mark): string {
  switch (mark.kind) {
    case 'line': {
      const dash = mark.dash?.length ? ` stroke-dasharray="${mark.dash.join(' ')}"` : '';
      return `<path d="${pathText(mark.points)}" fill="none" stroke="${mark.color}" stroke-width="${mark.width}" stroke-linejoin="round"${dash}${alpha(mark.alpha)}/>`;
    }
    case 'area':
      return `<path d="${pathText(mark.points)}Z" fill="${mark.color}"${alpha(mark.alpha)}/>`;
    case 'rect':
      return `<rect x="${round(mark.x)}" y="${round(mark.y)}" width="${round(mark.width)}" height="${round(mark.height)}" fill="${mark.color}"${alpha(mark.alpha)}/>`;
    case 'dot': {
      const paint = mark.hollow ? `fill="none" stroke="${mark.color}" stroke-width="1.5"` : `fill="${mark.color}"`;
      return `<circle cx="${round(mark.x)}" cy="${round(mark.y)}" r="${mark.radius}" ${paint}${alpha(mark.alpha)}/>`;
    }
    case 'cross':
      return `<path d="${crossPath(mark)}" fill="none" stroke="${mark.color}" stroke-width="1.5"${alpha(mark.alpha)}/>`;
    case 'text': {
      const turn = mark.turn ? ` transform="rotate(${mark.turn} ${round(mark.x)} ${round(mark.y)})"` : '';
      const weight = mark.bold ? ' font-weight="600"' : '';
      const halo = mark.halo ? ` stroke="${mark.halo}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"` : '';
      return `<text x="${round(mark.x)}" y="${round(mark.y)}" fill="${mark.color}" font-size="${mark.size}" text-anchor="${mark.anchor ?? 'start'}"${weight}${halo}${turn}>${escape(mark.text)}</text>`;
    }
  }
}

export function crossPath({ x, y, radius }: { x: number; y: number; radius: number }): string {
  const [left, right, top, bottom] = [x - radius, x + radius, y - radius, y + radius].map(round);
  return `M${left} ${top}L${right} ${bottom}M${left} ${bottom}L${right} ${top}`;
}

function alpha(value: number | undefined): string {
  return value === undefined || value === 1 ? '' : ` opacity="${value}"`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
