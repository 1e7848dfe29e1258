import type { Scene } from '../data/scene';
import { drawScene } from '../data/scene_canvas';
import { svgText } from '../data/scene_svg';
import { Popover } from './picker';

interface ExportMenuProps {
  // Without an ending.
  fileName: string;
  csv(): string;
  scene(): Scene;
}

// What is shown, as a file.
export function ExportMenu({ fileName, csv, scene }: ExportMenuProps) {
  return (
    <Popover summary="↓" label={`Save ${fileName}`}>
      <div class="menu">
        <button type="button" onClick={() => save(new Blob([csv()], { type: 'text/csv' }), `${fileName}.csv`)}>
          CSV <small>the numbers</small>
        </button>
        <button type="button" onClick={() => save(new Blob([svgText(scene())], { type: 'image/svg+xml' }), `${fileName}.svg`)}>
          SVG <small>for papers</small>
        </button>
        <button type="button" onClick={() => void savePng(scene(), `${fileName}.png`)}>
          PNG <small>for slides</small>
        </button>
      </div>
    </Popover>
  );
}

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const PNG_SCALE = 3;

async function savePng(scene: Scene, name: string): Promise<void> {
  const canvas = document.createElement('canvas');
  canvas.width = scene.width * PNG_SCALE;
  canvas.height = scene.height * PNG_SCALE;
  const context = canvas.getContext('2d')!;
  context.scale(PNG_SCALE, PNG_SCALE);
  drawScene(scene, context);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (blob) save(blob, name);
}
