import { useEffect, useRef } from 'preact/hooks';
import type { Scene } from '../data/scene';
import { drawScene } from '../data/scene_canvas';

interface SceneCanvasProps {
  scene: Scene;
  label: string;
  class?: string;
  // Where the pointer is, in the scene's pixels; undefined when it has left.
  onPoint?(at: [number, number] | undefined): void;
  onPress?(at: [number, number]): void;
  onRelease?(at: [number, number]): void;
}

export function SceneCanvas({ scene, label, class: name, onPoint, onPress, onRelease }: SceneCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current!;
    const scale = devicePixelRatio;
    element.width = Math.round(scene.width * scale);
    element.height = Math.round(scene.height * scale);
    element.style.width = `${scene.width}px`;
    element.style.height = `${scene.height}px`;
    const context = element.getContext('2d')!;
    context.scale(scale, scale);
    drawScene(scene, context);
  }, [scene]);
  const place = (event: PointerEvent): [number, number] => [event.offsetX, event.offsetY];
  return (
    <canvas
      ref={canvas}
      class={name}
      role="img"
      aria-label={label}
      onPointerMove={(event) => onPoint?.(place(event))}
      onPointerLeave={() => onPoint?.(undefined)}
      onPointerDown={(event) => {
        if (!onPress) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        onPress(place(event));
      }}
      onPointerUp={(event) => onRelease?.(place(event))}
    />
  );
}
