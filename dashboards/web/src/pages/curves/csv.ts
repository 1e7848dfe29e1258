import { csvText } from '../../data/csv';
import type { Panel } from '../../data/line';

// One row a point, as data frames like it.
export function panelCsv(panel: Panel, x: string): string {
  const rows = panel.lines.flatMap((line) =>
    line.xs.map((at, i) => [line.label, line.role, at, line.ys[i], line.low?.[i], line.high?.[i], line.counts?.[i]]),
  );
  return csvText(['curve', 'kind', x, panel.id, 'low', 'high', 'trials'], rows);
}
