import { FONT, type Mark, type Scene } from './scene';

export function drawScene(scene: Scene, context: CanvasRenderingContext2D): void {
  context.fillStyle = scene.background;
  context.fillRect(0, 0, scene.width, scene.height);
  for (const mark of scene.marks) {
    context.save();
    context.globalAlpha = ('alpha' in mark ? mark.alpha : undefined) ?? 1;
    context.fillStyle = context.strokeStyle = mark.color;
    drawMark(mark, context);
    context.restore();
  }
}

function drawMark(mark: Mark, context: CanvasRenderingContext2D): void {
  switch (mark.kind) {
    case 'line':
      context.lineWidth = mark.width;
      context.lineJoin = 'round';
      context.setLineDash(mark.dash ?? []);
      trace(mark.points, context);
      return context.stroke();
    case 'area':
      trace(mark.points, context);
      return context.fill();
    case 'rect':
      return context.fillRect(mark.x, mark.y, mark.width, mark.height);
    case 'dot':
      context.beginPath();
      context.arc(mark.x, mark.y, mark.radius, 0, 2 * Math.PI);
      context.lineWidth = 1.5;
      return mark.hollow ? context.stroke() : context.fill();
    case 'cross': {
      const { x, y, radius } = mark;
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(x - radius, y - radius);
      context.lineTo(x + radius, y + radius);
      context.moveTo(x - radius, y + radius);
      context.lineTo(x + radius, y - radius);
      return context.stroke();
    }
    case 'text':
      context.font = `${mark.bold ? '600 ' : ''}${mark.size}px ${FONT}`;
      context.textAlign = mark.anchor === 'middle' ? 'center' : (mark.anchor ?? 'start');
      context.translate(mark.x, mark.y);
      context.rotate(((mark.turn ?? 0) * Math.PI) / 180);
      if (mark.halo) {
        context.strokeStyle = mark.halo;
        context.lineWidth = 4;
        context.lineJoin = 'round';
        context.strokeText(mark.text, 0, 0);
      }
      return context.fillText(mark.text, 0, 0);
  }
}

function trace(points: readonly [number, number][], context: CanvasRenderingContext2D): void {
  context.beginPath();
  points.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
}
